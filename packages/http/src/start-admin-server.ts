import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@signalbox/errors';
import type { Logger, Metrics } from '@signalbox/telemetry';
import type { Health } from './health.ts';
import { sendError } from './problem.ts';
import { securityHeaders } from './security-headers.ts';
import { startServer, type RunningServer } from './start-server.ts';

export interface AdminServerOptions {
  host: string;
  port: number;
  logger: Logger;
  metrics: Metrics;
  health: Health;
}

/**
 * `/metrics`, `/health/live` and `/health/ready` on a port of their own, which the public never reaches. Open it first, so
 * that it is closed last and tells `draining` as long as there is anyone to ask.
 */
export function startAdminServer({ host, port, logger, metrics, health }: AdminServerOptions): Promise<RunningServer> {
  async function answer(request: IncomingMessage): Promise<{ status: number; contentType: string; text: string }> {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new AppError('method_not_allowed');
    switch (request.url) {
      case '/metrics':
        return { status: 200, contentType: metrics.contentType, text: await metrics.text() };
      case '/health/live':
        return { status: 200, contentType: 'application/json', text: JSON.stringify(health.live()) };
      case '/health/ready': {
        const ready = await health.ready();
        return { status: ready.httpStatus, contentType: 'application/json', text: JSON.stringify(ready.health) };
      }
      case undefined:
      default:
        throw new AppError('not_found');
    }
  }

  return startServer({
    app: (request: IncomingMessage, response: ServerResponse) => {
      for (const [name, value] of securityHeaders) response.setHeader(name, value);
      answer(request).then(
        ({ status, contentType, text }) => {
          response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(text) });
          response.end(text);
        },
        (thrown: unknown) => {
          if (!(thrown instanceof AppError)) logger.error('admin.failed', { error: thrown });
          if (thrown instanceof AppError && thrown.code === 'method_not_allowed')
            response.setHeader('Allow', 'GET, HEAD');
          sendError(request, response, thrown);
        },
      );
    },
    host,
    port,
    logger,
    connectionsMax: 100,
    shutdownGraceMs: 1_000,
  });
}
