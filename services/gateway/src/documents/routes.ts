import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getOpenApi, getReDoc, getSwaggerUi, type RouteContract } from '@signalbox/contracts';
import { mountRawRoute, type Routes } from '@signalbox/http';
import type { DocumentFile } from './document-files.ts';
import { gatewayOpenApi } from './gateway-openapi.ts';

export interface DocumentRoutesOptions {
  files: readonly DocumentFile[];
  /** The contracts that the document describes. */
  contracts: readonly RouteContract[];
  version: string;
}

export function mountDocuments(routes: Routes, { files, contracts, version }: DocumentRoutesOptions): void {
  const openApi = Buffer.from(JSON.stringify(gatewayOpenApi(contracts, version)));
  const etag = `"${createHash('sha256').update(openApi).digest('base64url').slice(0, 22)}"`;
  mountRawRoute(routes, getOpenApi, ({ request, response }) => {
    serve(request, response, { body: openApi, etag, contentType: 'application/json' });
  });
  for (const file of files) {
    if (file.path === getSwaggerUi.path || file.path === getReDoc.path) {
      mountRawRoute(routes, file.page, ({ request, response }) => {
        serve(request, response, file);
      });
    } else {
      routes.router.route(file.path).get((request, response) => {
        serve(request, response, file);
      });
    }
  }
}

interface Served {
  body: Buffer;
  etag: string;
  contentType: string;
  contentSecurityPolicy?: string;
}

function serve(request: IncomingMessage, response: ServerResponse, file: Served): void {
  response.setHeader('etag', file.etag);
  response.setHeader('cache-control', 'public, no-cache');
  if (file.contentSecurityPolicy !== undefined)
    response.setHeader('content-security-policy', file.contentSecurityPolicy);
  if (request.headers['if-none-match'] === file.etag) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { 'content-type': file.contentType, 'content-length': file.body.length });
  response.end(request.method === 'HEAD' ? undefined : file.body);
}
