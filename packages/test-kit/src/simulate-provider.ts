import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** What a provider does wrong, in a stream or in a document. */
export type ProviderFault =
  /** Resets the connection. */
  | 'cut'
  /** Ends cleanly, but early: a stream without `[DONE]`, half a document. */
  | 'end_early'
  /** Sends a piece that is no JSON. */
  | 'invalid_json'
  /** Sends a raw NUL within a piece. */
  | 'nul'
  /** Answers 200 with a web page. */
  | 'html'
  /** Says nothing more and keeps the connection open. */
  | 'silence'
  /** Goes on with one byte every `pieceDelayMs` (or every second), without an end. */
  | 'drip'
  /** Sends one piece of `hugeBytes`. */
  | 'huge'
  /** Sends an error within the stream, or in place of the completion, under status 200. */
  | 'error'
  /** Sends every piece twice. */
  | 'duplicates'
  /** Answers a stream under a content type that is none, a document as `text/plain`. */
  | 'wrong_content_type'
  /** Answers a document where a stream was asked for. */
  | 'no_stream';

export interface ProviderBehaviour {
  /** The text of the answer, in the pieces in which it is streamed. */
  pieces?: readonly string[];
  /** In place of `pieces`: what it says to this very request. */
  say?: (request: ProviderRequest) => string;
  /** What it thinks before it speaks. */
  thinking?: { text: string; signature?: string };
  /** What it calls after it has spoken; in a stream each call's arguments come in two pieces. */
  toolCalls?: readonly SimulatedToolCall[];
  /** In the dialect's own words; usual: the one that fits. */
  finish?: string;
  /** Before the answer's head is sent. */
  headDelayMs?: number;
  /** Between the head (and, in a stream, the role) and the first piece. */
  firstDelayMs?: number;
  /** Between two pieces. */
  pieceDelayMs?: number;
  /** Null: no usage is told. A stream tells it in a chunk of its own, and only to who asks for it. */
  usage?: Readonly<Record<string, unknown>> | null;
  /** Tells the usage of a stream in the chunk of the finish reason, as some providers do, asked or not. */
  usageWithFinish?: boolean;
  headers?: Readonly<Record<string, string>>;
  /** Anything but 200 is a refusal, with `errorBody`. */
  status?: number;
  /** JSON, or a text as it is. */
  errorBody?: unknown;
  fault?: ProviderFault;
  /** How many pieces a stream sends before its fault. */
  faultAfter?: number;
  hugeBytes?: number;
}

export interface SimulatedToolCall {
  id: string;
  name: string;
  /** JSON. */
  arguments: string;
}

export interface ProviderRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The body as it was sent. */
  text: string;
  /** The body parsed; an empty object when it is no JSON. */
  json: Record<string, unknown>;
  /** When the request was there, by `performance.now()`. */
  at: number;
  /** When the caller went away before the answer was complete, by `performance.now()`; null when it did not. */
  abortedAt: number | null;
  /** How much of the answer has been handed to the connection. */
  bytesSent: number;
}

export interface SimulatedProvider extends AsyncDisposable {
  /** What a client of OpenAI's is given as base URL: `http://127.0.0.1:port/v1`. */
  readonly url: string;
  /** Every request so far, the oldest first. */
  readonly requests: readonly ProviderRequest[];
  /** How many connections there were so far, and how many of them are open. */
  connections(): { opened: number; open: number };
  /** How every request is answered from now on. */
  behave(behaviour: ProviderBehaviour): void;
  /** How the next request alone is answered; several calls line up. */
  behaveOnce(behaviour: ProviderBehaviour): void;
}

const requestOf = new WeakMap<ServerResponse, ProviderRequest>();
const answerText = ['Hello', ' from', ' the', ' simulator', '.'];

/** What a behaviour is in one dialect. Texts of a stream are whole events. */
export interface SimulatedWire {
  /** What follows the server's origin in the address that clients are given. */
  basePath: string;
  usage: Readonly<Record<string, unknown>>;
  isStream(request: ProviderRequest): boolean;
  /** What comes at once, before the answer proper. */
  opening(request: ProviderRequest, behaviour: ProviderBehaviour): string;
  piece(request: ProviderRequest, text: string, behaviour: ProviderBehaviour): string;
  /** What follows the pieces, without what says that the answer is whole. */
  closing(request: ProviderRequest, behaviour: ProviderBehaviour): string;
  /** What says that the answer is whole. */
  end: string;
  failure: string;
  document(request: ProviderRequest, behaviour: ProviderBehaviour, text: string): unknown;
  failureDocument: unknown;
  refusal(status: number): unknown;
  /** Answers what is no chat (models, embeddings, counts); null for a chat. */
  other(request: ProviderRequest): unknown;
}

/** A model provider of one dialect over real HTTP, that errs on demand and records what it was asked. */
export async function simulateWire(wire: SimulatedWire, behaviour: ProviderBehaviour = {}): Promise<SimulatedProvider> {
  const requests: ProviderRequest[] = [];
  const next: ProviderBehaviour[] = [];
  let standing = behaviour;
  const connections = { opened: 0, open: 0 };

  const server = createServer((request, response) => {
    void (async () => {
      const recorded = await record(request);
      requests.push(recorded);
      requestOf.set(response, recorded);
      response.on('close', () => {
        if (!response.writableFinished) recorded.abortedAt = performance.now();
      });
      const chosen = next.shift() ?? standing;
      const pieces = chosen.say === undefined ? {} : { pieces: [chosen.say(recorded)] };
      await answer(wire, recorded, response, { ...chosen, ...pieces });
    })().catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    connections.opened += 1;
    connections.open += 1;
    socket.on('close', () => {
      connections.open -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${String(port)}${wire.basePath}`,
    requests,
    connections: () => ({ ...connections }),
    behave(given) {
      standing = given;
    },
    behaveOnce(given) {
      next.push(given);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

async function record(request: IncomingMessage): Promise<ProviderRequest> {
  const text = Buffer.concat(await request.toArray()).toString();
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // What is no JSON is there as text.
  }
  const { method = '', url = '', headers } = request;
  return { method, path: url, headers, text, json, at: performance.now(), abortedAt: null, bytesSent: 0 };
}

async function answer(
  wire: SimulatedWire,
  request: ProviderRequest,
  response: ServerResponse,
  behaviour: ProviderBehaviour,
): Promise<void> {
  const { status = 200, headDelayMs = 0, errorBody, headers = {}, fault } = behaviour;
  if (headDelayMs > 0) await sleep(headDelayMs);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const other = wire.other(request);
  if (status !== 200) {
    const body = errorBody ?? wire.refusal(status);
    response.writeHead(status, typeof body === 'string' ? {} : { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  } else if (fault === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><title>Sign in</title>');
  } else if (other !== null) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(other));
  } else if (wire.isStream(request) && fault !== 'no_stream') {
    await stream(wire, request, response, behaviour);
  } else {
    await sendDocument(wire, request, response, behaviour);
  }
}

async function stream(
  wire: SimulatedWire,
  request: ProviderRequest,
  response: ServerResponse,
  behaviour: ProviderBehaviour,
): Promise<void> {
  const { pieces = answerText, fault, faultAfter = 0, firstDelayMs = 0, pieceDelayMs = 0 } = behaviour;
  const told = { ...behaviour, usage: behaviour.usage === undefined ? wire.usage : behaviour.usage };
  const type = fault === 'wrong_content_type' ? 'application/octet-stream' : 'text/event-stream; charset=utf-8';
  response.writeHead(200, { 'content-type': type });
  response.flushHeaders();
  const opening = wire.opening(request, told);
  if (opening !== '') await write(response, opening);
  if (firstDelayMs > 0) await sleep(firstDelayMs);
  for (const [index, piece] of pieces.entries()) {
    if (fault !== undefined && index === faultAfter && (await err(wire, request, response, behaviour))) return;
    if (index > 0 && pieceDelayMs > 0) await sleep(pieceDelayMs);
    const bytes = wire.piece(request, piece, behaviour);
    if (!(await write(response, fault === 'duplicates' ? bytes + bytes : bytes))) return;
  }
  if (fault !== undefined && faultAfter >= pieces.length && (await err(wire, request, response, behaviour))) return;
  await write(response, wire.closing(request, told));
  response.end(wire.end);
}

/** Does the fault; false when the stream goes on after it. */
async function err(
  wire: SimulatedWire,
  request: ProviderRequest,
  response: ServerResponse,
  behaviour: ProviderBehaviour,
): Promise<boolean> {
  const { fault, pieceDelayMs = 1_000, hugeBytes = 8 * 1_048_576 } = behaviour;
  switch (fault) {
    case 'cut':
      // What was written before must be on its way first, or the reset would overtake it.
      await sleep(20);
      response.socket?.resetAndDestroy();
      return true;
    case 'end_early':
      response.end();
      return true;
    case 'silence':
      return true;
    case 'error':
      response.end(wire.failure);
      return true;
    case 'invalid_json':
      await write(response, 'data: {"id":"x","choices":[{"delta":{"con\n\n');
      return false;
    case 'nul':
      await write(response, wire.piece(request, 'a\u0001b', behaviour).replace('\\u0001', '\0'));
      return false;
    case 'huge':
      await write(response, wire.piece(request, 'x'.repeat(hugeBytes), behaviour));
      return false;
    case 'drip':
      for (const byte of wire.piece(request, 'drip '.repeat(1_000), behaviour)) {
        if (!(await write(response, byte))) return true;
        await sleep(pieceDelayMs);
      }
      return true;
    default:
      return false;
  }
}

async function sendDocument(
  wire: SimulatedWire,
  request: ProviderRequest,
  response: ServerResponse,
  behaviour: ProviderBehaviour,
): Promise<void> {
  const { pieces = answerText, firstDelayMs = 0, pieceDelayMs = 1_000, fault } = behaviour;
  const told = { ...behaviour, usage: behaviour.usage === undefined ? wire.usage : behaviour.usage };
  const content = fault === 'huge' ? 'x'.repeat(behaviour.hugeBytes ?? 40 * 1_048_576) : pieces.join('');
  const whole = JSON.stringify(fault === 'error' ? wire.failureDocument : wire.document(request, told, content));
  const half = whole.slice(0, whole.length / 2);
  response.writeHead(200, { 'content-type': fault === 'wrong_content_type' ? 'text/plain' : 'application/json' });
  response.flushHeaders();
  if (firstDelayMs > 0) await sleep(firstDelayMs);
  switch (fault) {
    case 'cut':
      await write(response, half);
      await sleep(20);
      response.socket?.resetAndDestroy();
      return;
    case 'end_early':
      response.end(half);
      return;
    case 'silence':
      await write(response, half);
      return;
    case 'drip':
      for (const byte of whole) {
        if (!(await write(response, byte))) return;
        await sleep(pieceDelayMs);
      }
      response.end();
      return;
    case 'invalid_json':
      response.end(`${whole.slice(0, -1)},}`);
      return;
    case 'nul':
      response.end(whole.replace('"role":"', '"role":"\0'));
      return;
    default:
      response.end(whole);
  }
}

/** False when nobody is there to write to. Waits while the reader does not read. */
async function write(response: ServerResponse, text: string): Promise<boolean> {
  if (response.destroyed) return false;
  const request = requestOf.get(response);
  if (request !== undefined) request.bytesSent += Buffer.byteLength(text);
  if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  return !response.destroyed;
}

/** A simulator that still waits to answer does not keep its process alive. */
function sleep(ms: number): Promise<void> {
  return setTimeout(ms, undefined, { ref: false });
}

const openAiFailure = { error: { message: 'simulated overload', type: 'server_error', code: 'overloaded' } };

const openAi: SimulatedWire = {
  basePath: '/v1',
  usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 },
  isStream: ({ json }) => json['stream'] === true,
  opening: (request, { thinking }) =>
    openAiChunk(request, { role: 'assistant', content: '' }) +
    (thinking === undefined ? '' : openAiChunk(request, { reasoning_content: thinking.text })),
  piece: (request, text) => openAiChunk(request, { content: text }),
  closing(request, { usage = null, usageWithFinish = false, toolCalls = [], finish }) {
    const calls = toolCalls.flatMap(({ id, name, arguments: text }, index) => [
      openAiChunk(request, { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
      ...[text.slice(0, text.length / 2), text.slice(text.length / 2)].map((piece) =>
        openAiChunk(request, { tool_calls: [{ index, function: { arguments: piece } }] }),
      ),
    ]);
    const reason = finish ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop');
    const last = openAiChunk(request, {}, reason, usageWithFinish ? { usage } : {});
    const tellsUsage = asksForUsage(request) && usage !== null && !usageWithFinish;
    return calls.join('') + last + (tellsUsage ? event({ ...openAiHead(request), choices: [], usage }) : '');
  },
  end: 'data: [DONE]\n\n',
  failure: event(openAiFailure),
  document: (request, { usage = null, toolCalls = [], thinking, finish }, content) => ({
    ...openAiEnvelope(request, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content,
          ...(thinking === undefined ? {} : { reasoning_content: thinking.text }),
          ...(toolCalls.length === 0
            ? {}
            : {
                tool_calls: toolCalls.map(({ id, name, arguments: text }) => ({
                  id,
                  type: 'function',
                  function: { name, arguments: text },
                })),
              }),
        },
        finish_reason: finish ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop'),
      },
    ],
    ...(usage === null ? {} : { usage }),
  }),
  failureDocument: openAiFailure,
  refusal: (status) => ({ error: { message: `simulated ${String(status)}`, type: 'simulated', code: null } }),
  other({ path, method, json }) {
    if (path.endsWith('/models') && method === 'GET') {
      return { object: 'list', data: [{ id: 'small' }, { id: 'org/large' }] };
    }
    if (!/\/embeddings(?:\?|$)/.test(path)) return null;
    const { input } = json;
    const data = (Array.isArray(input) ? input : [input]).map((_text, index) => ({
      object: 'embedding',
      index,
      embedding: json['encoding_format'] === 'base64' ? 'AACAPwAAAEA=' : [1, 2],
    }));
    const usage = { prompt_tokens: 4, total_tokens: 4 };
    return { object: 'list', model: json['model'], data, usage };
  },
};

/** A provider of OpenAI's dialect; its address is what a client of OpenAI's is given: `http://127.0.0.1:port/v1`. */
export function simulateProvider(behaviour: ProviderBehaviour = {}): Promise<SimulatedProvider> {
  return simulateWire(openAi, behaviour);
}

function asksForUsage({ json }: ProviderRequest): boolean {
  return (json['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true;
}

function openAiEnvelope(request: ProviderRequest, object: string) {
  return { id: 'chatcmpl-simulated', object, created: 1_700_000_000, model: String(request.json['model']) };
}

function openAiHead(request: ProviderRequest): object {
  return { ...openAiEnvelope(request, 'chat.completion.chunk'), ...(asksForUsage(request) ? { usage: null } : {}) };
}

function openAiChunk(request: ProviderRequest, delta: object, finish: string | null = null, more: object = {}): string {
  return event({ ...openAiHead(request), choices: [{ index: 0, delta, finish_reason: finish }], ...more });
}

/** One event without a name. */
export function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
