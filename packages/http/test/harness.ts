import { connect } from 'node:net';
import { defineRoute, pageOf, PageQuery } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { CallerIdentity } from '@signalbox/identity';
import { createLogger, createMetrics, type Metrics } from '@signalbox/telemetry';
import type { Application } from 'express';
import { z } from 'zod';
import {
  createRoutes,
  createService,
  errorHandler,
  keysetPage,
  mountRawRoute,
  mountRoute,
  notFoundHandler,
  pageStart,
  reply,
  startServer,
  type Routes,
  type RunningServer,
  type ServerOptions,
} from '../src/index.ts';

const common = { service: 'gateway', tag: 'Notes' } as const;
const Note = z.object({ id: z.string(), text: z.string() });

export const createNote = defineRoute({
  ...common,
  operationId: 'createNote',
  method: 'post',
  path: '/api/v1/notes',
  summary: 'Write a note',
  scope: 'documents:write',
  bodyBytesMax: 65_536,
  body: z.strictObject({
    text: z.string().max(1_000),
    size: z.int().min(1).optional(),
    tags: z.array(z.strictObject({ name: z.enum(['a', 'b']) })).optional(),
    kind: z.union([z.string(), z.array(z.strictObject({ type: z.string() }))]).optional(),
  }),
  response: { status: 201, description: 'The note', schema: Note },
});

export const listNotes = defineRoute({
  ...common,
  operationId: 'listNotes',
  method: 'get',
  path: '/api/v1/notes',
  summary: 'List notes',
  scope: 'documents:read',
  query: PageQuery.extend({ word: z.string().max(20).optional() }),
  response: { status: 200, description: 'Notes', schema: pageOf(Note) },
});

export const getNote = defineRoute({
  ...common,
  operationId: 'getNote',
  method: 'get',
  path: '/api/v1/notes/{id}',
  summary: 'Get a note',
  scope: 'authenticated',
  params: z.strictObject({ id: z.string().max(64) }),
  response: { status: 200, description: 'The note', schema: Note },
});

export const deleteNote = defineRoute({
  ...common,
  operationId: 'deleteNote',
  method: 'delete',
  path: '/api/v1/notes/{id}',
  summary: 'Delete a note',
  scope: 'documents:write',
  params: z.strictObject({ id: z.string().max(64) }),
  response: { status: 204, description: 'Gone', schema: null },
});

export const echoLoosely = defineRoute({
  ...common,
  operationId: 'echoLoosely',
  method: 'post',
  path: '/api/v1/echo',
  summary: 'Give the body back',
  scope: 'public',
  bodyBytesMax: 1_048_576,
  body: z.unknown(),
  response: { status: 200, description: 'The body', schema: z.unknown() },
});

export const getModel = defineRoute({
  ...common,
  operationId: 'getModel',
  method: 'get',
  path: '/v1/models/{model}',
  takesRestOfPath: true,
  summary: 'Get a model',
  scope: 'public',
  dialect: 'openai',
  params: z.strictObject({ model: z.string().max(100) }),
  response: { status: 200, description: 'The model', schema: z.object({ id: z.string() }) },
});

export const breakThings = defineRoute({
  ...common,
  operationId: 'breakThings',
  method: 'get',
  path: '/api/v1/break/{how}',
  summary: 'Fail',
  scope: 'public',
  params: z.strictObject({ how: z.string() }),
  response: { status: 200, description: 'Never', schema: Note },
});

export const streamTicks = defineRoute({
  ...common,
  operationId: 'streamTicks',
  method: 'get',
  path: '/api/v1/ticks/{kind}',
  summary: 'Stream',
  scope: 'public',
  params: z.strictObject({ kind: z.enum(['endless', 'slow', 'wait']) }),
  response: { status: 200, description: 'Ticks', schema: z.string(), contentType: 'text/event-stream' },
});

export const secret = 'canary-8f14e45fceea167a';

export interface Harness extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly server: RunningServer;
  readonly app: Application;
  readonly routes: Routes;
  readonly metrics: Metrics;
  /** Every line logged so far. */
  readonly log: Record<string, unknown>[];
  /** What handlers have told about themselves. */
  readonly seen: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A service with a few notes in memory; a caller is whom the header `x-test-caller` (`tenant:scope,scope`) says. */
export async function startHarness(options: Partial<ServerOptions> = {}): Promise<Harness> {
  const log: Record<string, unknown>[] = [];
  const seen: string[] = [];
  const logger = createLogger({
    service: 'test',
    write: (line) => log.push(JSON.parse(line) as Record<string, unknown>),
  });
  const metrics = createMetrics({ service: 'test' });
  const app = createService({ logger, metrics, trustRequestId: true });
  const routes = createRoutes({
    router: app,
    identify: (request): CallerIdentity => {
      const caller = request.headers['x-test-caller'];
      if (typeof caller !== 'string') throw new AppError('unauthenticated');
      const mark = caller.indexOf(':');
      const tenantId = caller.slice(0, mark);
      const scopes = caller.slice(mark + 1);
      return {
        principal: { kind: 'api_key', principalId: `key_of_${tenantId}`, tenantId, scopes: scopes.split(',') },
        requestId: String(request.headers['x-request-id'] ?? 'req_signed'),
      };
    },
  });
  const notes = new Map<string, { id: string; text: string }>();
  for (let number = 1; number <= 45; number += 1) {
    const id = `note_${String(number).padStart(3, '0')}`;
    notes.set(id, { id, text: `text ${String(number)}` });
  }
  mountRoute(routes, createNote, ({ body, principal }) => {
    const note = {
      id: `note_${String(notes.size + 1).padStart(3, '0')}`,
      text: body.text,
      tenant_id: principal.tenantId,
    };
    return reply(note, { headers: { Location: `/api/v1/notes/${note.id}` } });
  });
  mountRoute(routes, listNotes, ({ query }) => {
    const start = pageStart('listNotes', query, ['string']);
    const after = start.after?.[0];
    const all = [...notes.values()].sort((left, right) => (left.id < right.id ? -1 : 1));
    if (start.backwards) all.reverse();
    const rows = all
      .filter(({ id }) => after == null || (start.backwards ? id < String(after) : id > String(after)))
      .slice(0, start.fetch);
    return keysetPage({ list: 'listNotes', start, rows, keyOf: (row) => [row.id], present: (row) => row });
  });
  mountRoute(routes, getNote, ({ params }) => {
    const note = notes.get(params.id);
    if (note === undefined) throw new AppError('not_found');
    return note;
  });
  mountRoute(routes, deleteNote, () => undefined);
  mountRoute(routes, echoLoosely, ({ body }) => body);
  mountRoute(routes, getModel, ({ params }) => ({ id: params.model }));
  mountRoute(routes, breakThings, ({ params }) => {
    switch (params.how) {
      case 'throw':
        throw new Error(`password ${secret} at /srv/app.ts in SELECT * FROM keys`);
      case 'contract':
        return { id: 7, text: secret } as unknown as { id: string; text: string };
      case 'limited':
        throw new AppError('rate_limited', 'Slow down.', { retryAfterMs: 1_200 });
      case 'unavailable':
        throw new AppError('unavailable', undefined, { cause: new Error(secret) });
      default:
        throw new AppError('conflict', 'It is so already.', {
          details: { name: 'x', status: 200, request_id: 'forged' },
        });
    }
  });
  mountRawRoute(routes, streamTicks, ({ params, response, signal, onDrain }) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: hello\n\n');
    seen.push(`${params.kind}:open`);
    signal.addEventListener('abort', () => seen.push(`${params.kind}:aborted`));
    onDrain((phase) => {
      seen.push(`${params.kind}:${phase}`);
      if (params.kind === 'endless' || phase === 'deadline') response.end('event: shutdown\ndata: {}\n\n');
      else if (params.kind === 'slow') setTimeout(() => response.end('data: done\n\n'), 150);
    });
  });
  app.use(notFoundHandler());
  app.use(errorHandler(logger));
  const server = await startServer({ app, host: '127.0.0.1', port: 0, logger, shutdownGraceMs: 1_000, ...options });
  return {
    url: server.url,
    port: server.port,
    server,
    app,
    routes,
    metrics,
    log,
    seen,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export const writer = { 'x-test-caller': 'acme:documents:write' };

export function postJson(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

/** Sends bytes as they are and gives back all that comes, until the server closes the connection. */
export function rawExchange(port: number, ...parts: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of parts) socket.write(part);
    });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('close', () => {
      resolve(text);
    });
    socket.on('error', (error) => {
      if (text === '') reject(error);
    });
  });
}
