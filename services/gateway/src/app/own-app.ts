import { createRoutes, errorHandler, exchangeOf, notFoundHandler, type Routes } from '@signalbox/http';
import { AppError } from '@signalbox/errors';
import type { Logger } from '@signalbox/telemetry';
import express, { type Application } from 'express';

/**
 * The Express application of the gateway's own routes. It stands at the end of the chain: who is calling has been
 * decided, and is read from the exchange.
 */
export function createOwnApp({ logger, mount }: { logger: Logger; mount: (routes: Routes) => void }): Application {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  mount(
    createRoutes({
      router: app,
      identify: (request) => {
        const { principal, requestId } = exchangeOf(request);
        if (principal === null) throw new AppError('unauthenticated');
        return { principal, requestId };
      },
    }),
  );
  app.use(notFoundHandler());
  app.use(errorHandler(logger));
  return app;
}
