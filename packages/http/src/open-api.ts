import {
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type ResponseConfig,
  type RouteConfig,
  type ZodContentObject,
} from '@asteasolutions/zod-to-openapi';
import { Problem, type Dialect, type RouteContract } from '@signalbox/contracts';
import { errorKinds, type ErrorCode } from '@signalbox/errors';
import { z } from 'zod';
import { problemContentType } from './problem.ts';

/** An OpenAPI 3.1 document, as plain data. */
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, unknown>>;
  [member: string]: unknown;
}

export interface OpenApiOptions {
  routes: readonly RouteContract[];
  title: string;
  version: string;
  description?: string;
  servers?: readonly { url: string; description?: string }[];
}

const OpenAiError = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
  })
  .meta({ id: 'OpenAiError', description: "An error in OpenAI's shape." });

const AnthropicError = z
  .object({
    type: z.literal('error'),
    error: z.object({ type: z.string(), message: z.string() }),
    request_id: z.string(),
  })
  .meta({ id: 'AnthropicError', description: "An error in Anthropic's shape." });

const AlertmanagerError = z.object({ code: z.number(), message: z.string() }).meta({
  id: 'AlertmanagerError',
  description: "An error in Alertmanager's shape; what a request means is refused by a text.",
});

const OtlpError = z
  .object({ code: z.int(), message: z.string() })
  .meta({ id: 'OtlpError', description: 'A `google.rpc.Status`, in the encoding of the request.' });

/** How each dialect shapes its errors. */
const errorShapes = {
  signalbox: { contentType: problemContentType, schema: Problem },
  openai: { contentType: 'application/json', schema: OpenAiError },
  anthropic: { contentType: 'application/json', schema: AnthropicError },
  alertmanager: { contentType: 'application/json', schema: AlertmanagerError },
  otlp: { contentType: 'application/json', schema: OtlpError },
} as const satisfies Record<Dialect, { contentType: string; schema: z.ZodType }>;

const retryAfter = {
  'Retry-After': {
    description: 'Seconds until a repeat may succeed.',
    schema: { type: 'integer' as const, minimum: 1 },
  },
};
const challenge = {
  'WWW-Authenticate': { description: 'How to authenticate (RFC 6750).', schema: { type: 'string' as const } },
};

/**
 * The OpenAPI 3.1 document of these contracts; the same contracts give the same bytes. Every error that a route can answer
 * is in it, in the shape of the route's dialect. Schemas with a `meta({ id })` become components of that name.
 */
export function openApiDocument({
  routes,
  title,
  version,
  description,
  servers = [],
}: OpenApiOptions): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'An API key (`sbx_…`). It may also be sent as a bearer token.',
  });
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An access token from a login, or an API key.',
  });
  for (const route of routes) registry.registerPath(operationOf(route));
  const tags = [...new Set(routes.map((route) => route.tag))].map((name) => ({ name }));
  const document = new OpenApiGeneratorV31(registry.definitions, { sortComponents: 'alphabetically' }).generateDocument(
    {
      openapi: '3.1.0',
      info: { title, version, ...(description === undefined ? {} : { description }) },
      ...(servers.length > 0 ? { servers: [...servers] } : {}),
      tags,
    },
  );
  const { webhooks: _none, ...rest } = document;
  return rest as OpenApiDocument;
}

function operationOf(route: RouteContract): RouteConfig {
  const { operationId, method, path, summary, tag, scope } = route;
  const isProtected = scope !== 'public';
  const named = isProtected && scope !== 'authenticated' ? [scope] : [];
  const description = [route.description, ...named.map((name) => `Needs the scope \`${name}\`.`)]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
  const hasBody = route.bodyBytesMax > 0;
  return {
    operationId,
    method,
    path,
    summary,
    ...(description === '' ? {} : { description }),
    tags: [tag],
    // For schemes other than OAuth, 3.1 lets the list name the roles that are needed.
    security: isProtected ? [{ apiKey: named }, { bearer: named }] : [],
    request: {
      ...(path.includes('{') ? { params: objectOf(route.params, operationId) } : {}),
      query: objectOf(route.query, operationId),
      ...(hasBody
        ? {
            body: {
              description: `At most ${String(route.bodyBytesMax)} bytes.`,
              required: route.bodyTypes.length > 0 || !route.body.safeParse(undefined).success,
              content: bodyContentOf(route),
            },
          }
        : {}),
    },
    responses: { ...answersOf(route), ...errorsOf(route) },
  };
}

/** Where a body's schema says what is in it. */
const describedTypes = ['application/json', 'multipart/form-data'];

function bodyContentOf({ body, bodyTypes, takesForm }: RouteContract): ZodContentObject {
  const types = bodyTypes.length > 0 ? bodyTypes : ['application/json'];
  return Object.fromEntries([
    ...types.map(
      (type) => [type, { schema: describedTypes.includes(type) ? body : { type: 'string' as const } }] as const,
    ),
    ...(takesForm ? [['multipart/form-data', { schema: body }] as const] : []),
  ]);
}

function answersOf(route: RouteContract): Record<string, ResponseConfig> {
  const answers: Record<string, ResponseConfig> = {};
  for (const answer of [route.response, ...route.alsoAnswers]) {
    const before = answers[answer.status];
    const content =
      answer.schema === null ? {} : { [answer.contentType ?? 'application/json']: { schema: answer.schema } };
    answers[answer.status] = {
      description: before?.description ?? answer.description,
      ...(answer.schema === null ? {} : { content: { ...before?.content, ...content } }),
    };
  }
  return answers;
}

function errorsOf(route: RouteContract): Record<string, ResponseConfig> {
  const codes: ErrorCode[] = ['validation_failed'];
  if (route.scope !== 'public') codes.push('unauthenticated');
  if (route.scope !== 'public' && route.scope !== 'authenticated') codes.push('forbidden');
  if (route.path.includes('{')) codes.push('not_found');
  if (route.bodyBytesMax > 0) codes.push('payload_too_large', 'unsupported_media_type');
  if (route.dialect !== 'otlp') codes.push('rate_limited');
  codes.push('internal', 'unavailable');
  const { contentType, schema } = errorShapes[route.dialect];
  return Object.fromEntries(
    codes.map((code) => {
      const { status, title } = errorKinds[code];
      const headers = status === 401 ? challenge : status === 429 || status === 503 ? retryAfter : undefined;
      return [
        String(status),
        { description: title, ...(headers === undefined ? {} : { headers }), content: { [contentType]: { schema } } },
      ];
    }),
  );
}

function objectOf(schema: z.ZodType, operationId: string): z.ZodObject {
  if (schema instanceof z.ZodObject) return schema;
  throw new TypeError(`${operationId}: path and query parameters must be an object schema`);
}
