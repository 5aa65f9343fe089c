import { AppError } from '@signalbox/errors';
import type { Outbound } from '@signalbox/outbound';
import { httpTool, type HttpTool } from './call-http-tool.ts';
import type { ServerTool } from './server-tool.ts';

export interface FindToolsDeps {
  builtIn: readonly ServerTool[];
  outbound: Outbound;
  /** The secret headers of a tenant's tool. Throws where they cannot be opened. */
  secretsOf(tenantId: string, tool: HttpTool): Readonly<Record<string, string>>;
  /** The tenant's registered tools of these names. */
  registered(tenantId: string, names: readonly string[]): Promise<HttpTool[]>;
}

/**
 * The tools of these names, in their order, that may be executed for whoever was granted `allowed`. Throws
 * `validation_failed` naming the first that does not exist, and `forbidden` naming the first that is not allowed.
 */
export async function findServerTools(
  deps: FindToolsDeps,
  tenantId: string,
  names: readonly string[],
  allowed: readonly string[],
): Promise<ServerTool[]> {
  const registered = await deps.registered(
    tenantId,
    names.filter((name) => deps.builtIn.every((tool) => tool.name !== name)),
  );
  const http = { outbound: deps.outbound, secretsOf: (tool: HttpTool) => deps.secretsOf(tenantId, tool) };
  const known = [...deps.builtIn, ...registered.map((tool) => httpTool(tool, http))];
  return names.map((name) => {
    const tool = known.find((one) => one.name === name);
    if (tool === undefined) {
      throw new AppError('validation_failed', `There is no server-side tool ${JSON.stringify(name)}.`, {
        fields: [{ path: 'tools', message: `Expected registered or built-in tools, not ${JSON.stringify(name)}.` }],
        details: { param: 'tools' },
      });
    }
    if (!allowed.includes(name)) {
      throw new AppError('forbidden', `The tool ${name} is not granted to these credentials.`, {
        details: { param: 'tools' },
      });
    }
    return tool;
  });
}
