import { z } from 'zod';
import type { Scope } from './scope.ts';

export type HttpMethod = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** The services that answer requests. Teams deploy them independently. */
export type ServiceName = 'gateway' | 'chat-router' | 'research-pipeline' | 'monitoring-ingest' | 'alerting';

/**
 * In whose shape a route speaks: ours (problem+json), a vendor's, so that the vendor's clients raise the right class, or
 * OTLP's, whose refusals are a `Status` in the encoding of the request and never 429.
 */
export type Dialect = 'signalbox' | 'openai' | 'anthropic' | 'alertmanager' | 'otlp';

/** The class whose limits a route spends (LA-2). Every class is configured in the gateway's limits file. */
export type RouteClass = 'default' | 'chat' | 'login' | 'keys' | 'health' | 'documents' | 'ingest' | 'compute';

export interface RouteAnswer<Schema extends z.ZodType = z.ZodType> {
  status: number;
  description: string;
  /** What the body holds; `null` for an empty answer. Never uses `.default()`: an answer says what it says. */
  schema: Schema | null;
  /** Default `application/json`. */
  contentType?: string;
}

/** `public`: no credential at all. `authenticated`: any valid one. Otherwise the scope that the principal must hold. */
export type RouteAccess = Scope | 'public' | 'authenticated';

export interface RouteContract<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
  Access extends RouteAccess = RouteAccess,
> {
  operationId: string;
  service: ServiceName;
  method: HttpMethod;
  /** In OpenAPI's notation: `/api/v1/api-keys/{id}`. */
  path: string;
  /**
   * The last parameter of `path` takes the rest of the request's path, slashes included: `/v1/models/{model}` then also
   * matches `/v1/models/signalbox/extractive`, with `signalbox/extractive` as the model. OpenAPI has no notation for it.
   */
  takesRestOfPath: boolean;
  /**
   * A parameter of `path` may hold slashes, written `%2F`: `/api/v1/models/openai%2Fgpt-5/health`. Anywhere else an encoded
   * slash is refused.
   */
  takesEncodedSlash: boolean;
  summary: string;
  description?: string;
  tag: string;
  scope: Access;
  dialect: Dialect;
  routeClass: RouteClass;
  /**
   * The body may also come as `multipart/form-data`: each field is a member of it, a file a data URI. What is not text in the
   * body's schema must then be readable from text.
   */
  takesForm: boolean;
  /**
   * The media types of a body that the handler reads as bytes (`mountBytesRoute`). `body` then says what is in it where it
   * is JSON, for the document alone. Empty: the body is JSON, and is held against `body` before the handler runs.
   */
  bodyTypes: readonly string[];
  /** The largest body accepted, in bytes, counted after decompression. 0: no body. */
  bodyBytesMax: number;
  /** How many members the objects of a JSON body may have together. */
  bodyKeysMax: number;
  /** How long the gateway waits for the first byte of the answer, and between two bytes of it. */
  firstByteTimeoutMs: number;
  idleTimeoutMs: number;
  params: Params;
  query: Query;
  body: Body;
  response: RouteAnswer<Answer>;
  /** Other answers that are not errors (a stream beside a document). Errors are documented for every route alike. */
  alsoAnswers: readonly RouteAnswer[];
  /** Old paths that answer alike, with `Deprecation`, `Sunset` and `Link` (LA-5). */
  deprecatedPaths: readonly string[];
}

/** Strict: a query parameter or path parameter that no contract names is refused, not ignored. */
const nothing = z.strictObject({});
const noBody = z.undefined();

type Defaults =
  | 'takesRestOfPath'
  | 'takesEncodedSlash'
  | 'takesForm'
  | 'bodyTypes'
  | 'dialect'
  | 'routeClass'
  | 'bodyBytesMax'
  | 'bodyKeysMax'
  | 'firstByteTimeoutMs'
  | 'idleTimeoutMs'
  | 'alsoAnswers'
  | 'deprecatedPaths';

export type RouteDefinition<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
  Access extends RouteAccess,
> = Omit<RouteContract<Params, Query, Body, Answer, Access>, Defaults | 'params' | 'query' | 'body'> &
  Partial<Pick<RouteContract, Defaults>> & { params?: Params; query?: Query; body?: Body };

/**
 * Defines one route as data. Validation, types, the OpenAPI document and the gateway's route table all come from it.
 * A part that is left out (`params`, `query`, `body`) accepts nothing.
 */
export function defineRoute<
  Params extends z.ZodType = typeof nothing,
  Query extends z.ZodType = typeof nothing,
  Body extends z.ZodType = typeof noBody,
  Answer extends z.ZodType = z.ZodType,
  Access extends RouteAccess = RouteAccess,
>(route: RouteDefinition<Params, Query, Body, Answer, Access>): RouteContract<Params, Query, Body, Answer, Access> {
  return {
    takesRestOfPath: false,
    takesEncodedSlash: false,
    takesForm: false,
    bodyTypes: [],
    dialect: 'signalbox',
    routeClass: 'default',
    bodyBytesMax: route.body === undefined ? 0 : 262_144,
    bodyKeysMax: 10_000,
    firstByteTimeoutMs: 10_000,
    idleTimeoutMs: 30_000,
    alsoAnswers: [],
    deprecatedPaths: [],
    ...route,
    params: (route.params ?? nothing) as Params,
    query: (route.query ?? nothing) as Query,
    body: (route.body ?? noBody) as Body,
  };
}
