import { AppError } from '@signalbox/errors';
import { Pool, type buildConnector, type Dispatcher } from 'undici';
import { parseObject, type JsonObject } from '../dialects/json.ts';
import { carriedHeaders } from './answer-headers.ts';
import type { Digest } from './digest.ts';
import { failureOfConnection, failureOfRefusal, headerOf } from './failure.ts';
import type { ProviderSettings } from './provider-settings.ts';
import type { CallProgress, CompletionStream } from './provider.ts';
import { readStream } from './read-stream.ts';
import { requestDocument } from './request-document.ts';
import { Watchdog } from './watchdog.ts';

type Answer = Dispatcher.ResponseData;

/** A request as it goes out. */
export interface Outgoing {
  path: string;
  /** Null: there is nothing to send, and something to get. */
  bytes: Buffer | null;
  requestId: string;
  headers?: Readonly<Record<string, string>>;
  progress?: CallProgress | undefined;
}

/** An answer that came as one JSON document. */
export interface ReceivedAnswer {
  body: Buffer;
  document: JsonObject;
  headers: Record<string, string>;
}

/** Sends one request and gives what is made of its answer; at most once. */
export type SendForDocument<Result> = (outgoing: Outgoing, read: (answer: ReceivedAnswer) => Result) => Promise<Result>;

/** A whole answer above this is refused: somebody is sending something else. */
const documentBytesMax = 32 * 1_048_576;
const refusalBytesMax = 65_536;
const connectionsMax = 1_024;
/** How long a failure is remembered for health. */
const failureMemoryMs = 60_000;

export interface HttpExchangeOptions {
  name: string;
  url: URL;
  basePath: string;
  /** With every request. */
  headers: Readonly<Record<string, string>>;
  timeouts: ProviderSettings['timeouts'];
  /** Opens connections, where not every address may be connected to. */
  connect?: buildConnector.connector | undefined;
}

/**
 * One provider's server: sends requests, reads documents and streams, watches the clock and lets go. What it throws is an
 * `AppError`, and the last one that was the provider's doing is remembered for health. Redirects are not followed.
 */
export class HttpExchange implements AsyncDisposable {
  readonly #name: string;
  readonly #timeouts: ProviderSettings['timeouts'];
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #headers: Readonly<Record<string, string>>;
  #lastFailure: { code: string; at: number } | null = null;

  constructor({ name, url, basePath, headers, timeouts, connect }: HttpExchangeOptions) {
    this.#name = name;
    this.#timeouts = timeouts;
    this.#basePath = basePath;
    this.#headers = {
      'user-agent': 'signalbox',
      // The bytes are looked at on their way.
      'accept-encoding': 'identity',
      ...headers,
    };
    this.#pool = new Pool(url.origin, {
      connections: connectionsMax,
      connect: connect ?? { timeout: timeouts.connect_ms },
      // The watchdog measures, with one clock and in milliseconds.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** The code of what failed a short while ago; null when nothing did. */
  get lastFailure(): string | null {
    const failure = this.#lastFailure;
    return failure === null || Date.now() - failure.at > failureMemoryMs ? null : failure.code;
  }

  failed(what: string): AppError {
    return new AppError('provider_failed', `${this.#name} ${what}.`, { details: { provider: this.#name } });
  }

  /** One exchange whose answer is one JSON document. */
  async document<Result>(
    caller: AbortSignal,
    ask: (send: SendForDocument<Result>) => Promise<Result>,
  ): Promise<Result> {
    const { document_ms: documentMs, idle_ms: idleMs } = this.#timeouts;
    using watchdog = new Watchdog(caller, this.#name, documentMs);
    try {
      return await ask(async (outgoing, read) => {
        const { statusCode, headers, body } = await requestDocument(
          this.#pool,
          this.#requestOf(outgoing, 'application/json'),
          {
            signal: watchdog.signal,
            onSent: () => outgoing.progress?.sent(),
            onHead: (status) => {
              watchdog.expect(idleMs, `${this.#name} sent nothing for ${String(idleMs)} ms.`);
              return status === 200 ? documentBytesMax : refusalBytesMax;
            },
            onBytes: (bytes) => {
              watchdog.seen();
              outgoing.progress?.received(bytes);
            },
          },
        );
        if (statusCode !== 200) {
          throw failureOfRefusal(this.#name, { status: statusCode, headers, body: body?.toString() ?? '' });
        }
        this.#refuseEncoded(headers);
        if (body === null) throw this.failed('sent more than an answer can be');
        const document = parseObject(body.toString());
        if (document === null) throw this.failed('did not answer in JSON');
        const result = read({ body, document, headers: carriedHeaders(headers) });
        this.#lastFailure = null;
        return result;
      });
    } catch (thrown) {
      throw this.#explain(thrown, watchdog, caller);
    }
  }

  /** One exchange whose answer is a stream. */
  async stream(outgoing: Outgoing, caller: AbortSignal, createDigest: () => Digest): Promise<CompletionStream> {
    const { stream_ms: streamMs, first_token_ms: firstTokenMs } = this.#timeouts;
    const watchdog = new Watchdog(caller, this.#name, streamMs);
    try {
      watchdog.expect(firstTokenMs, `${this.#name} did not begin its answer within ${String(firstTokenMs)} ms.`);
      const answer = await this.#openStream(outgoing, watchdog);
      if (!/^text\/event-stream\b/i.test(headerOf(answer.headers, 'content-type') ?? '')) {
        answer.body.destroy();
        throw this.failed('did not answer with a stream');
      }
      const parts = readStream({
        body: answer.body,
        digest: createDigest(),
        watchdog,
        idleMs: this.#timeouts.idle_ms,
        sender: this.#name,
        failed: (what) => this.failed(what),
        explain: (thrown) => this.#explain(thrown, watchdog, caller),
        onWhole: () => {
          this.#lastFailure = null;
        },
      });
      return { headers: carriedHeaders(answer.headers), parts };
    } catch (thrown) {
      watchdog[Symbol.dispose]();
      throw this.#explain(thrown, watchdog, caller);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.destroy();
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
      watchdog.expect(this.#timeouts.idle_ms, `${this.#name} did not finish its refusal.`);
      const refusal = await readWhole(answer, refusalBytesMax, watchdog);
      const { statusCode: status, headers: given } = answer;
      throw failureOfRefusal(this.#name, { status, headers: given, body: refusal?.toString() ?? '' });
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
    if (encoding !== 'identity') throw this.failed('encoded its answer in a way it was not asked for');
  }

  /** The one error that the caller gets, and what health remembers of it. */
  #explain(thrown: unknown, watchdog: Watchdog, caller: AbortSignal): AppError {
    const error = watchdog.verdict ?? failureOfConnection(this.#name, thrown);
    const isTheirs = ['provider_failed', 'unavailable', 'timeout', 'rate_limited'].includes(error.code);
    if (isTheirs && !caller.aborted) this.#lastFailure = { code: error.code, at: Date.now() };
    return error;
  }
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

function ignore(): void {
  // Whoever reads the body gets the error from the reading.
}
