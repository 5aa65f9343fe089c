import { parse as parseQueryString } from 'node:querystring';
import { PageInfo, type RouteContract } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { mayUse, type CallerIdentity, type Principal } from '@signalbox/identity';
import type { IRouter, Request, Response } from 'express';
import type { z } from 'zod';
import { onDrain, type DrainPhase } from './drain.ts';
import { exchangeOf, type Exchange } from './exchange.ts';
import { fieldErrorsOf } from './field-errors.ts';
import { pageLinks } from './page.ts';
import { isForm, readFormBody } from './read-form-body.ts';
import { readBytesBody, readJson, type Decompress } from './read-json-body.ts';

/** Says who sent a request, or throws `AppError('unauthenticated')`. */
export type Identify = (request: Request) => CallerIdentity | Promise<CallerIdentity>;

/** Where contracts are mounted, and who tells the callers apart. */
export interface Routes {
  readonly router: Pick<IRouter, 'route'>;
  readonly identify: Identify;
  /** What has been mounted so far, in order. */
  readonly contracts: readonly RouteContract[];
}

/** What a handler gets: a request that has passed every check of its contract. */
export interface RouteContext<Contract extends RouteContract = RouteContract> {
  /** Who is calling; null on a public route. */
  readonly principal: PrincipalOf<Contract['scope']>;
  readonly requestId: string;
  readonly params: z.output<Contract['params']>;
  readonly query: z.output<Contract['query']>;
  readonly body: z.output<Contract['body']>;
  /** The body as it was written, for handlers that pass it on; empty when there is none, or a form. */
  readonly bodyBytes: Buffer;
  /** Fires when the client has gone away before its answer was complete. */
  readonly signal: AbortSignal;
  readonly request: Request;
  readonly response: Response;
  /**
   * Tells a long stream that the process is about to end. An endless stream says goodbye at `draining`; one that ends by
   * itself goes on until `deadline`, says goodbye then, and has about a second before its connection is cut.
   */
  readonly onDrain: (listener: (phase: DrainPhase) => void) => void;
}

type PrincipalOf<Scope extends RouteContract['scope']> = Scope extends 'public'
  ? null
  : 'public' extends Scope
    ? Principal | null
    : Principal;

export type RouteAnswerOf<Contract extends RouteContract> =
  Contract extends RouteContract<z.ZodType, z.ZodType, z.ZodType, infer Answer> ? z.input<Answer> : never;

/** An answer with a status or headers other than the contract's own. */
export class Reply<Answer = unknown> {
  readonly answer: Answer;
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(answer: Answer, status: number | null, headers: Readonly<Record<string, string>>) {
    this.answer = answer;
    this.status = status;
    this.headers = headers;
  }
}

/** Answers with another status than the contract's first, or with further headers (`Location`). */
export function reply<Answer>(
  answer: Answer,
  { status, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): Reply<Answer> {
  return new Reply(answer, status ?? null, headers);
}

type Answered<Contract extends RouteContract> = RouteAnswerOf<Contract> | Reply<RouteAnswerOf<Contract>>;

export type RouteHandler<Contract extends RouteContract> = (
  context: RouteContext<Contract>,
) => Promise<Answered<Contract>> | Answered<Contract>;

/** `router`: best the application that `createService` made, whose paths are case-sensitive and strict about the last slash. */
export function createRoutes({ router, identify }: Pick<Routes, 'router' | 'identify'>): Routes {
  return { router, identify, contracts: [] };
}

/**
 * Mounts a contract: who calls, may they, is the request what the contract says; then the handler; then is the answer
 * what the contract says (if not, it is a bug and a 500). An answer that holds a page gets its `Link` header.
 */
export function mountRoute<Contract extends RouteContract>(
  routes: Routes,
  contract: Contract,
  handle: RouteHandler<Contract>,
): void {
  mount(routes, contract, async (context: RouteContext<Contract>) => {
    sendAnswer(context, contract, await handle(context));
  });
}

/** Mounts a contract whose handler writes the answer itself, as streams do. All checks before the handler are the same. */
export function mountRawRoute<Contract extends RouteContract>(
  routes: Routes,
  contract: Contract,
  handle: (context: RouteContext<Contract>) => Promise<void> | void,
): void {
  mount(routes, contract, handle);
}

/** What a handler of bytes gets: `bodyBytes` is the body, inflated, and nothing has been read in it. */
export type BytesContext<Contract extends RouteContract> = Omit<RouteContext<Contract>, 'body'>;

/** An answer that is not JSON. */
export class BytesReply {
  readonly bytes: Buffer;
  readonly contentType: string;

  constructor(bytes: Buffer, contentType: string) {
    this.bytes = bytes;
    this.contentType = contentType;
  }
}

export interface BytesOptions {
  /** Content encodings besides gzip, deflate and br. */
  decoders?: Readonly<Record<string, Decompress>>;
  /** Asked before a body is read, with the bytes that its head announces; throws to refuse it. */
  admit?: (contentLength: number) => void;
}

/** Mounts a contract with `bodyTypes`: all checks are the same but the body's, which comes as bytes. */
export function mountBytesRoute<Contract extends RouteContract>(
  routes: Routes,
  contract: Contract,
  handle: (context: BytesContext<Contract>) => Promise<Answered<Contract> | BytesReply>,
  options: BytesOptions = {},
): void {
  mount(
    routes,
    contract,
    async (context: RouteContext<Contract>) => {
      const answer = await handle(context);
      if (answer instanceof BytesReply) sendBytes(context, contract, answer);
      else sendAnswer(context, contract, answer);
    },
    options,
  );
}

function mount<Contract extends RouteContract>(
  routes: Routes,
  contract: Contract,
  handle: (context: RouteContext<Contract>) => Promise<void> | void,
  bytesOptions: BytesOptions | null = null,
): void {
  if (contract.bodyTypes.length > 0 !== (bytesOptions !== null))
    throw new TypeError(`${contract.operationId}: bodyTypes and mountBytesRoute belong together`);
  const route = routes.router.route(expressPath(contract));
  route.all((request, _response, next) => {
    const method = contract.method.toUpperCase();
    if (request.method !== method && !(request.method === 'HEAD' && method === 'GET'))
      exchangeOf(request).allowedMethods.push(...(method === 'GET' ? ['GET', 'HEAD'] : [method]));
    next();
  });
  route[contract.method](async (request: Request, response: Response) => {
    const exchange = exchangeOf(request);
    exchange.route = contract.path;
    exchange.dialect = contract.dialect;
    if (contract.scope !== 'public') await admit(request, exchange, contract.scope, routes.identify);
    await handle(await checked(request, response, exchange, contract, bytesOptions));
  });
  (routes.contracts as RouteContract[]).push(contract);
}

async function admit(
  request: Request,
  exchange: Exchange,
  scope: Exclude<RouteContract['scope'], 'public'>,
  identify: Identify,
): Promise<void> {
  const { principal, requestId } = await identify(request);
  exchange.principal = principal;
  exchange.requestId = requestId;
  if (scope !== 'authenticated' && !mayUse(principal, scope))
    throw new AppError('forbidden', `This needs the scope ${scope}.`, { details: { required_scope: scope } });
}

async function checked<Contract extends RouteContract>(
  request: Request,
  response: Response,
  exchange: Exchange,
  contract: Contract,
  bytesOptions: BytesOptions | null,
): Promise<RouteContext<Contract>> {
  // No text column can hold a NUL; told here, it is the client's mistake and not a failed query.
  if (request.url.includes('%00')) throw notValid([{ path: '', message: 'Expected no NUL character in the path.' }]);
  const params = fit(contract.params, paramsOf(request, contract));
  const query = fit(contract.query, queryOf(request));
  const limits = { bytesMax: contract.bodyBytesMax, keysMax: contract.bodyKeysMax };
  const parts = { params, query, ...(await bodyOf(request, contract, limits, bytesOptions)) } as Pick<
    RouteContext<Contract>,
    'params' | 'query' | 'body' | 'bodyBytes'
  >;
  return new CheckedRequest(request, response, exchange, parts);
}

async function bodyOf(
  request: Request,
  { body, bodyTypes: types, takesForm }: RouteContract,
  limits: { bytesMax: number; keysMax: number },
  bytesOptions: BytesOptions | null,
): Promise<{ body: unknown; bodyBytes: Buffer }> {
  if (bytesOptions !== null) {
    const { admit, decoders = {} } = bytesOptions;
    admit?.(Number(request.headers['content-length'] ?? 0));
    return { body: undefined, bodyBytes: await readBytesBody(request, { ...limits, types, decoders }) };
  }
  if (takesForm && isForm(request))
    return { body: fit(body, await readFormBody(request, limits)), bodyBytes: Buffer.alloc(0) };
  const { value, bytes } = await readJson(request, limits);
  return { body: fit(body, value), bodyBytes: bytes };
}

class CheckedRequest<Contract extends RouteContract> implements RouteContext<Contract> {
  readonly principal: PrincipalOf<Contract['scope']>;
  readonly requestId: string;
  readonly params: z.output<Contract['params']>;
  readonly query: z.output<Contract['query']>;
  readonly body: z.output<Contract['body']>;
  readonly bodyBytes: Buffer;
  readonly request: Request;
  readonly response: Response;
  readonly #exchange: Exchange;

  constructor(
    request: Request,
    response: Response,
    exchange: Exchange,
    parts: Pick<RouteContext<Contract>, 'params' | 'query' | 'body' | 'bodyBytes'>,
  ) {
    // The type follows the scope: admission has set a principal unless the route is public.
    this.principal = exchange.principal as PrincipalOf<Contract['scope']>;
    this.requestId = exchange.requestId;
    this.params = parts.params;
    this.query = parts.query;
    this.body = parts.body;
    this.bodyBytes = parts.bodyBytes;
    this.request = request;
    this.response = response;
    this.#exchange = exchange;
  }

  // Made only for those who ask: most handlers need neither.
  get signal(): AbortSignal {
    return this.#exchange.signal;
  }

  get onDrain(): (listener: (phase: DrainPhase) => void) => void {
    return (listener) => {
      onDrain(this.request.socket, this.response, listener);
    };
  }
}

function fit<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const fitted = schema.safeParse(given);
  if (!fitted.success) throw notValid(fieldErrorsOf(fitted.error));
  return fitted.data;
}

function notValid(fields: AppError['fields']): AppError {
  return new AppError('validation_failed', undefined, { fields });
}

function queryOf(request: Request): unknown {
  const mark = request.url.indexOf('?');
  return mark === -1 ? {} : parseQueryString(request.url.slice(mark + 1));
}

function paramsOf(request: Request, contract: RouteContract): unknown {
  if (!contract.takesRestOfPath) return request.params;
  return Object.fromEntries(
    Object.entries(request.params).map(([name, value]) => [name, Array.isArray(value) ? value.join('/') : value]),
  );
}

/** `/models/{model}` as Express 5 writes it: `/models/:model`, or `/models/*model` where the parameter takes the rest. */
function expressPath({ path, takesRestOfPath }: RouteContract): string {
  return path
    .split(/(\{\w+\})/)
    .map((part, index) => {
      if (index % 2 === 0) return part.replace(/[\\()[\]?+!*:]/g, '\\$&');
      return (takesRestOfPath && path.endsWith(part) ? '*' : ':') + part.slice(1, -1);
    })
    .join('');
}

function sendAnswer(
  { request, response }: { request: Request; response: Response },
  contract: RouteContract,
  answer: unknown,
): void {
  const given = answer instanceof Reply ? answer : new Reply(answer, null, {});
  const status = given.status ?? contract.response.status;
  const promised =
    [contract.response, ...contract.alsoAnswers].find((one) => one.status === status) ?? contract.response;
  response.statusCode = status;
  if (promised.schema === null) {
    setHeaders(response, given.headers);
    response.end();
    return;
  }
  const fitted = promised.schema.safeParse(given.answer);
  if (!fitted.success) {
    const cause = new Error(
      `${contract.operationId} answers what its contract does not say: ${fieldErrorsOf(fitted.error)
        .map(({ path, message }) => `${path}: ${message}`)
        .join(' ')}`,
    );
    throw new AppError('internal', undefined, { cause });
  }
  setHeaders(response, given.headers);
  // There may be one already: to the successor of an old path.
  if (isPage(fitted.data)) response.appendHeader('Link', pageLinks(request.originalUrl, fitted.data.page_info));
  const contentType = promised.contentType ?? 'application/json';
  const text = contentType === 'application/json' ? JSON.stringify(fitted.data) : String(fitted.data);
  response.setHeader('Content-Type', contentType.startsWith('text/') ? `${contentType}; charset=utf-8` : contentType);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}

function sendBytes({ response }: { response: Response }, contract: RouteContract, answer: BytesReply): void {
  response.statusCode = contract.response.status;
  response.setHeader('Content-Type', answer.contentType);
  response.setHeader('Content-Length', answer.bytes.length);
  response.end(answer.bytes);
}

function setHeaders(response: Response, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) response.setHeader(name, headers[name] ?? '');
}

function isPage(answer: unknown): answer is { page_info: PageInfo } {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'page_info' in answer &&
    PageInfo.safeParse(answer.page_info).success
  );
}
