import type { RouteContract } from '@signalbox/contracts';
import { openApiDocument, type OpenApiDocument } from '@signalbox/http';

/** LA-7, OD-21: the one document of the whole mesh, from the same contracts that the route table is compiled from. */
export function gatewayOpenApi(routes: readonly RouteContract[], version: string): OpenApiDocument {
  return openApiDocument({
    routes,
    title: 'Signalbox',
    version,
    description: "Routing, research, monitoring and alerting for an organisation's AI, behind one gateway.",
    servers: [{ url: '/' }],
  });
}
