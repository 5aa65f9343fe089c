import { AppError } from '@signalbox/errors';
import { Pool, type buildConnector, type Dispatcher } from 'undici';
import { clientDialect } from '../dialects/client-dialect.ts';
import { parseObject, type JsonObject } from '../dialects/json.ts';
import { messageOf } from '../dialects/openai/read-chunk.ts';
import { SseScanner } from '../dialects/openai/sse-scanner.ts';
import { bareId, type AnswerEnvelope } from '../dialects/stream-writer.ts';
import type { TokenUsage } from '../usage/token-usage.ts';
import type { InlineImages } from '../images/inline-images.ts';
import { PassingDigest, TranslatingDigest, type Digest } from './digest.ts';
import { failureOfConnection, failureOfRefusal, headerOf } from './failure.ts';
import type { ProviderSettings } from './provider-settings.ts';
import type {
  CallProgress,
  CompletionDocument,
  CompletionStream,
  Provider,
  ProviderRequest,
  StreamPart,
} from './provider.ts';
import { requestDocument } from './request-document.ts';
import { Watchdog } from './watchdog.ts';
import type { Wire } from './wire.ts';

type Answer = Dispatcher.ResponseData;

/** A request as it goes out. */
interface Outgoing {
  path: string;
  bytes: Buffer | null;
  requestId: string;
  headers?: Readonly<Record<string, string>>;
  progress?: CallProgress | undefined;
}

/** A request for an answer of a chat, and how to make of the provider's answer what the client is told. */
interface ChatCall extends Outgoing {
  bytes: Buffer;
  dropped: readonly string[];
  /** Throws where the document is no answer. */
  read(body: Buffer, document: JsonObject): { body: Buffer; usage: TokenUsage | null };
  createDigest(): Digest;
}

/** A whole answer above this is refused: somebody is sending something else. */
const documentBytesMax = 32 * 1_048_576;
const streamBytesMax = 64 * 1_048_576;
const eventBytesMax = 4 * 1_048_576;
const refusalBytesMax = 65_536;
/** How long and how much is read behind the end of an answer, so that the connection can be used again. */
const [tailMs, tailBytesMax] = [1_000, 65_536];
const connectionsMax = 1_024;
/** How long a failure is remembered for health. */
const failureMemoryMs = 60_000;

export interface HttpProviderOptions {
  /** Opens connections, where not every address may be connected to. */
  connect?: buildConnector.connector;
  /** Brings images that a request names by their addresses, for a provider that takes none. */
  inlineImages?: InlineImages;
}

/**
 * A provider behind HTTP, whichever API it speaks. A client of its own dialect is passed through: the request goes out as
 * it was written but for a few members, the answer comes back as the provider wrote it. Others are translated. Redirects
 * are not followed.
 */
export class HttpProvider implements Provider {
  readonly name: string;
  readonly models: readonly string[];
  readonly missingSetting: string | null;
  readonly #wire: Wire;
  readonly #timeouts: ProviderSettings['timeouts'];
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #inlineImages: InlineImages;
  #lastFailure: { code: string; at: number } | null = null;

  /** `apiKey` is null where the provider asks for none, or where `missingSetting` says what lacks. */
  constructor(
    wire: Wire,
    settings: Pick<ProviderSettings, 'name' | 'models' | 'timeouts' | 'base_url'>,
    apiKey: string | null,
    { missingSetting, connect, inlineImages }: HttpProviderOptions & { missingSetting: string | null },
  ) {
    const baseUrl = settings.base_url ?? wire.baseUrl;
    if (baseUrl === null) throw new TypeError(`The provider ${settings.name} has no address.`);
    const url = new URL(baseUrl);
    this.name = settings.name;
    this.models = settings.models;
    this.missingSetting = missingSetting;
    this.#wire = wire;
    this.#timeouts = settings.timeouts;
    this.#inlineImages = inlineImages ?? ((request) => Promise.resolve(request));
    this.#basePath = basePathOf(url, wire.versionPath);
    this.#headers = {
      'user-agent': 'signalbox',
      // The bytes are looked at on their way.
      'accept-encoding': 'identity',
      ...wire.headers(apiKey),
    };
    this.#pool = new Pool(url.origin, {
      connections: connectionsMax,
      connect: connect ?? { timeout: settings.timeouts.connect_ms },
      // The watchdog measures, with one clock and in milliseconds.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  async complete(request: ProviderRequest, signal: AbortSignal): Promise<CompletionDocument> {
    const call = this.#callOf(await this.#inlineImages(request, signal), false);
    return this.#document(signal, (send) =>
      send(call, ({ body, document, headers }) => ({
        headers: withDropped(headers, call),
        ...call.read(body, document),
      })),
    );
  }

  embed(request: ProviderRequest, signal: AbortSignal): Promise<CompletionDocument> {
    return this.#document(signal, (send) => {
      const { embeddings } = this.#wire;
      if (embeddings === null) {
        throw new AppError('not_found', `${this.name} makes no embeddings.`, {
          details: { param: 'model', code: 'model_not_found' },
        });
      }
      const { requestId, progress } = request;
      const outgoing = { path: embeddings.path(request.model), bytes: embeddings.write(request), requestId, progress };
      return send(outgoing, ({ body, document, headers }) => {
        const read = embeddings.read(body, document, request);
        if (read === null) throw this.#failed(saying(messageOf(document), 'answered something else than embeddings'));
        return { headers, ...read };
      });
    });
  }

  async countTokens(request: ProviderRequest, signal: AbortSignal): Promise<number | null> {
    const { counting } = this.#wire;
    if (counting === null) return null;
    const { model, requestId } = request;
    const asked = await this.#inlineImages(request, signal);
    const bytes = Buffer.from(JSON.stringify(counting.write({ ...asked.chat(), model, stream: false })));
    return this.#document(signal, (send) =>
      send({ path: counting.path(model), bytes, requestId }, ({ document }) => {
        const count = counting.read(document);
        if (count === null) throw this.#failed(saying(messageOf(document), 'answered something else than a count'));
        return count;
      }),
    );
  }

  /** The names of the models that the provider says it has; rejects as every call does. It costs nothing. */
  listModels(signal: AbortSignal): Promise<readonly string[]> {
    return this.#document(signal, (send) =>
      send({ path: this.#wire.models.path, bytes: null, requestId: 'models' }, ({ document }) =>
        this.#wire.models.read(document),
      ),
    );
  }

  async stream(request: ProviderRequest, signal: AbortSignal): Promise<CompletionStream> {
    const call = this.#callOf(await this.#inlineImages(request, signal), true);
    const { stream_ms: streamMs, first_token_ms: firstTokenMs } = this.#timeouts;
    const watchdog = new Watchdog(signal, this.name, streamMs);
    try {
      watchdog.expect(firstTokenMs, `${this.name} did not begin its answer within ${String(firstTokenMs)} ms.`);
      const answer = await this.#openStream(call, watchdog);
      if (!/^text\/event-stream\b/i.test(headerOf(answer.headers, 'content-type') ?? '')) {
        answer.body.destroy();
        throw this.#failed('did not answer with a stream');
      }
      const parts = this.#parts(answer, watchdog, signal, call.createDigest());
      return { headers: withDropped(carriedHeaders(answer.headers), call), parts };
    } catch (thrown) {
      watchdog[Symbol.dispose]();
      throw this.#explain(thrown, watchdog, signal);
    }
  }

  probe(): Promise<void> {
    const failure = this.#lastFailure;
    if (this.missingSetting !== null) {
      return Promise.reject(Object.assign(new Error('Its key is missing.'), { code: 'not_configured' }));
    }
    if (failure === null || Date.now() - failure.at > failureMemoryMs) return Promise.resolve();
    return Promise.reject(new AppError('unavailable', `Failed when it was asked last: ${failure.code}.`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.destroy();
  }

  #callOf(request: ProviderRequest, stream: boolean): ChatCall {
    const { model, requestId, dialect, progress } = request;
    const passing = this.#wire.passing(dialect);
    if (passing !== null) {
      return {
        path: passing.path(model, stream),
        ...passing.splice(request),
        requestId,
        progress,
        ...(request.vendorHeaders === undefined ? {} : { headers: request.vendorHeaders }),
        read: (body, document) => {
          if (!passing.isAnswer(document)) throw this.#noAnswer(document);
          return { body, usage: passing.readUsage(document) };
        },
        createDigest: () => new PassingDigest(passing.createChunkReader(), passing.tellsUsage(request.body), this.name),
      };
    }
    const { chat } = this.#wire;
    const { body, dropped } = chat.write({ ...request.chat(), model, stream });
    const callPrefix = bareId(requestId);
    const envelope = (): AnswerEnvelope => ({ requestId, model, request: request.body, created: secondsNow() });
    return {
      path: chat.path(model, stream),
      bytes: Buffer.from(JSON.stringify(body)),
      dropped,
      requestId,
      progress,
      read: (_body, document) => {
        if (!chat.isAnswer(document)) throw this.#noAnswer(document);
        const answer = chat.readAnswer(document, this.name, callPrefix);
        const written = clientDialect(dialect).writeAnswer(answer, envelope());
        return { body: Buffer.from(JSON.stringify(written)), usage: answer.usage };
      },
      createDigest: () =>
        new TranslatingDigest(
          chat.createStreamReader(this.name, callPrefix),
          clientDialect(dialect).createStreamWriter(envelope()),
        ),
    };
  }

  /** One exchange whose answer is one JSON document. */
  async #document<Result>(
    caller: AbortSignal,
    ask: (
      send: (
        outgoing: Outgoing,
        read: (answer: { body: Buffer; document: JsonObject; headers: Record<string, string> }) => Result,
      ) => Promise<Result>,
    ) => Promise<Result>,
  ): Promise<Result> {
    const { document_ms: documentMs, idle_ms: idleMs } = this.#timeouts;
    using watchdog = new Watchdog(caller, this.name, documentMs);
    try {
      return await ask(async (outgoing, read) => {
        const { statusCode, headers, body } = await requestDocument(
          this.#pool,
          this.#requestOf(outgoing, 'application/json'),
          {
            signal: watchdog.signal,
            onSent: () => outgoing.progress?.sent(),
            onHead: (status) => {
              watchdog.expect(idleMs, `${this.name} sent nothing for ${String(idleMs)} ms.`);
              return status === 200 ? documentBytesMax : refusalBytesMax;
            },
            onBytes: (bytes) => {
              watchdog.seen();
              outgoing.progress?.received(bytes);
            },
          },
        );
        if (statusCode !== 200) {
          throw failureOfRefusal(this.name, { status: statusCode, headers, body: body?.toString() ?? '' });
        }
        this.#refuseEncoded(headers);
        if (body === null) throw this.#failed('sent more than an answer can be');
        const document = parseObject(body.toString());
        if (document === null) throw this.#failed('did not answer in JSON');
        const result = read({ body, document, headers: carriedHeaders(headers) });
        this.#lastFailure = null;
        return result;
      });
    } catch (thrown) {
      throw this.#explain(thrown, watchdog, caller);
    }
  }

  #requestOf({ path, bytes, requestId, headers }: Outgoing, accept: string) {
    return {
      method: bytes === null ? 'GET' : 'POST',
      path: `${this.#basePath}${path}`,
      headers: {
        ...headers,
        ...this.#headers,
        ...(bytes === null ? {} : { 'content-type': 'application/json' }),
        accept,
        'x-client-request-id': requestId,
      },
      body: bytes,
    };
  }

  /** Resolves with an answer of status 200 whose bytes are not encoded; throws for any other. */
  async #openStream(outgoing: Outgoing, watchdog: Watchdog): Promise<Answer> {
    const { signal } = watchdog;
    const answer = await this.#pool.request({ ...this.#requestOf(outgoing, 'text/event-stream'), signal });
    // A body that is ended from here reports that as an error, and without a listener the process would end with it.
    answer.body.on('error', ignore);
    if (answer.statusCode !== 200) {
      watchdog.expect(this.#timeouts.idle_ms, `${this.name} did not finish its refusal.`);
      const refusal = await readWhole(answer, refusalBytesMax, watchdog);
      const { statusCode: status, headers: given } = answer;
      throw failureOfRefusal(this.name, { status, headers: given, body: refusal?.toString() ?? '' });
    }
    try {
      this.#refuseEncoded(answer.headers);
    } catch (thrown) {
      answer.body.destroy();
      throw thrown;
    }
    outgoing.progress?.sent();
    return answer;
  }

  #refuseEncoded(headers: Answer['headers']): void {
    const encoding = headerOf(headers, 'content-encoding') ?? 'identity';
    if (encoding !== 'identity') throw this.#failed('encoded its answer in a way it was not asked for');
  }

  async *#parts(answer: Answer, watchdog: Watchdog, caller: AbortSignal, digest: Digest): AsyncGenerator<StreamPart> {
    const chunks = answer.body[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    const scanner = new SseScanner(eventBytesMax, this.name);
    const { idle_ms: idleMs } = this.#timeouts;
    let bytesSeen = 0;
    let hasBegun = false;
    let isWhole = false;
    try {
      while (!isWhole) {
        const { value: chunk } = await chunks.next();
        const events = chunk === undefined ? scanner.end() : scanner.push(chunk);
        bytesSeen += chunk?.length ?? 0;
        if (bytesSeen > streamBytesMax) throw this.#failed('sent more than an answer can be');

        let { part, ending } = digest.take(events);
        if (part.hasContent && !hasBegun) {
          hasBegun = true;
          watchdog.expect(idleMs, `${this.name} sent nothing for ${String(idleMs)} ms.`);
        } else if (hasBegun && events.length > 0) {
          watchdog.seen();
        }
        watchdog.rest();
        if (isNews(part)) yield part;
        if (chunk === undefined && ending === null) {
          const rest = digest.finish();
          if (rest === null) throw this.#failed('ended its answer before it was whole');
          ({ part, ending } = rest);
          // A bare end, of an answer that was declined, may be told in nothing but the bytes that end the stream.
          if (isNews(part)) yield part;
        }
        watchdog.resume();
        if (ending instanceof AppError) throw ending;
        isWhole = ending === 'end';
      }
      this.#lastFailure = null;
      watchdog.rest();
      yield { bytes: digest.endBytes(), hasContent: false, usage: null, isEnd: true };
    } catch (thrown) {
      throw this.#explain(thrown, watchdog, caller);
    } finally {
      watchdog[Symbol.dispose]();
      if (isWhole) void readTail(answer, chunks);
      else answer.body.destroy();
    }
  }

  #noAnswer(document: JsonObject): AppError {
    return this.#failed(saying(messageOf(document), 'answered something else than a completion'));
  }

  #failed(what: string): AppError {
    return new AppError('provider_failed', `${this.name} ${what}.`, { details: { provider: this.name } });
  }

  /** The one error that the caller gets, and what health remembers of it. */
  #explain(thrown: unknown, watchdog: Watchdog, caller: AbortSignal): AppError {
    const error = watchdog.verdict ?? failureOfConnection(this.name, thrown);
    const isTheirs = ['provider_failed', 'unavailable', 'timeout', 'rate_limited'].includes(error.code);
    if (isTheirs && !caller.aborted) this.#lastFailure = { code: error.code, at: Date.now() };
    return error;
  }
}

function isNews({ bytes, usage, hasContent }: StreamPart): boolean {
  return bytes.length > 0 || usage !== null || hasContent;
}

/** Clients differ in whether the version belongs to the address: where it is named, it is not named twice. */
function basePathOf({ pathname }: URL, versionPath: string | null): string {
  const path = pathname.replace(/\/$/, '');
  return versionPath !== null && path.endsWith(versionPath) ? path.slice(0, -versionPath.length) : path;
}

/** The body, or null when it is larger than it may be. */
function readWhole({ body }: Answer, bytesMax: number, watchdog: Watchdog): Promise<Buffer | null> {
  // By its events: an iterator would cost as much as everything else that is done with a small document.
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    body.on('data', (piece: Buffer) => {
      watchdog.seen();
      bytes += piece.length;
      if (bytes > bytesMax) {
        resolve(null);
        body.destroy();
        return;
      }
      pieces.push(piece);
    });
    body.on('end', () => {
      resolve(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces));
    });
    body.on('error', reject);
  });
}

/** Reads what stands behind the end of an answer, so that the connection can serve another request; not for long. */
async function readTail(answer: Answer, chunks: AsyncIterator<Buffer, undefined>): Promise<void> {
  const timer = setTimeout(() => answer.body.destroy(), tailMs);
  try {
    for (let bytes = 0; bytes <= tailBytesMax;) {
      const { value } = await chunks.next();
      if (value === undefined) return;
      bytes += value.length;
    }
    answer.body.destroy();
  } catch {
    // The answer was whole before; what breaks behind it concerns nobody.
  } finally {
    clearTimeout(timer);
  }
}

const carried =
  /^(?:(?:x|anthropic)-ratelimit-(?:[a-z]+-)*(?:limit|remaining|reset)(?:-[a-z-]+)?|openai-processing-ms|openai-version)$/;

/** The provider's headers that mean something to a caller. Its request id travels under a name of its own. */
function carriedHeaders(headers: Answer['headers']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name in headers) {
    const value = headerOf(headers, name);
    if (value === null) continue;
    if (name === 'x-request-id' || name === 'request-id') kept['x-provider-request-id'] = value;
    else if (carried.test(name)) kept[name] = value;
  }
  return kept;
}

/** A client is told which of its parameters this provider cannot be told. */
function withDropped(headers: Record<string, string>, { dropped }: ChatCall): Record<string, string> {
  if (dropped.length === 0) return headers;
  const names = dropped.filter((name) => /^[\w.-]{1,64}$/.test(name)).slice(0, 32);
  return { ...headers, 'x-signalbox-dropped': names.join(', ') };
}

function saying(message: string | null, what: string): string {
  return message === null ? what : `${what}: ${message}`;
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1_000);
}

function ignore(): void {
  // Whoever reads the body gets the error from the reading.
}
