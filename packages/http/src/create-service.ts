import express, { type Application } from 'express';
import { requestContext, type ExchangeOptions } from './exchange.ts';

/**
 * An Express application with what every service has: request context, access log, metrics, security headers, and no
 * surprises of Express' own. Mount routes on it, then `notFoundHandler()`, then `errorHandler(logger)`.
 */
export function createService(options: ExchangeOptions): Application {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // The peer's address is the peer's; who trusts a proxy says so, with a number of hops.
  app.set('trust proxy', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(requestContext(options));
  return app;
}
