export { createService } from './create-service.ts';
export { type DrainPhase } from './drain.ts';
export { errorHandler, notFoundHandler } from './error-handler.ts';
export { beginExchange, Exchange, exchangeOf, requestContext, type ExchangeOptions } from './exchange.ts';
export { fieldErrorsOf } from './field-errors.ts';
export { createHealth, type Health, type HealthOptions, type HealthProbe } from './health.ts';
export { idempotencyKeyOf } from './idempotency-key.ts';
export { identifySigned } from './identify-signed.ts';
export {
  BytesReply,
  createRoutes,
  mountBytesRoute,
  mountRawRoute,
  mountRoute,
  Reply,
  reply,
  type BytesContext,
  type BytesOptions,
  type Identify,
  type RouteAnswerOf,
  type RouteContext,
  type RouteHandler,
  type Routes,
} from './mount-route.ts';
export { openApiDocument, type OpenApiDocument, type OpenApiOptions } from './open-api.ts';
export {
  decodeCursor,
  encodeCursor,
  keysetPage,
  pageLinks,
  pageStart,
  type Cursor,
  type CursorValue,
  type CursorValueType,
  type Page,
  type PageStart,
} from './page.ts';
export { problemContentType, problemOf, sendError } from './problem.ts';
export { parseJson, type ParseJsonLimits } from './parse-json.ts';
export { readFormParts, type FormPart } from './read-form-body.ts';
export { mediaTypeOf, readJsonBody, type JsonBodyLimits } from './read-json-body.ts';
export { runService } from './run-service.ts';
export { startAdminServer, type AdminServerOptions } from './start-admin-server.ts';
export { startServer, type RunningServer, type ServerOptions } from './start-server.ts';
