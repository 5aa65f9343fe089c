import { AppError } from '@signalbox/errors';
import type { buildConnector } from 'undici';
import { clientDialect } from '../dialects/client-dialect.ts';
import type { JsonObject } from '../dialects/json.ts';
import { messageOf } from '../dialects/openai/read-chunk.ts';
import { bareId, type AnswerEnvelope } from '../dialects/stream-writer.ts';
import type { InlineImages } from '../images/inline-images.ts';
import type { TokenUsage } from '../usage/token-usage.ts';
import { withDropped } from './answer-headers.ts';
import { PassingDigest, TranslatingDigest, type Digest } from './digest.ts';
import { HttpExchange, type Outgoing } from './http-exchange.ts';
import type { ProviderSettings } from './provider-settings.ts';
import type { CompletionDocument, CompletionStream, Provider, ProviderRequest } from './provider.ts';
import type { Wire } from './wire.ts';

/** A request for an answer of a chat, and how to make of the provider's answer what the client is told. */
interface ChatCall extends Outgoing {
  bytes: Buffer;
  dropped: readonly string[];
  /** Throws where the document is no answer. */
  read(body: Buffer, document: JsonObject): { body: Buffer; usage: TokenUsage | null };
  createDigest(): Digest;
}

export interface HttpProviderOptions {
  /** Opens connections, where not every address may be connected to. */
  connect?: buildConnector.connector;
  /** Brings images that a request names by their addresses, for a provider that takes none. */
  inlineImages?: InlineImages;
}

/**
 * A provider behind HTTP, whichever API it speaks. A client of its own dialect is passed through: the request goes out as
 * it was written but for a few members, the answer comes back as the provider wrote it. Others are translated.
 */
export class HttpProvider implements Provider {
  readonly name: string;
  readonly models: readonly string[];
  readonly missingSetting: string | null;
  readonly #wire: Wire;
  readonly #exchange: HttpExchange;
  readonly #inlineImages: InlineImages;

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
    this.#inlineImages = inlineImages ?? ((request) => Promise.resolve(request));
    this.#exchange = new HttpExchange({
      name: settings.name,
      url,
      basePath: basePathOf(url, wire.versionPath),
      headers: wire.headers(apiKey),
      timeouts: settings.timeouts,
      connect,
    });
  }

  async complete(request: ProviderRequest, signal: AbortSignal): Promise<CompletionDocument> {
    const call = this.#callOf(await this.#inlineImages(request, signal), false);
    return this.#exchange.document(signal, (send) =>
      send(call, ({ body, document, headers }) => ({
        headers: withDropped(headers, call.dropped),
        ...call.read(body, document),
      })),
    );
  }

  embed(request: ProviderRequest, signal: AbortSignal): Promise<CompletionDocument> {
    return this.#exchange.document(signal, (send) => {
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
        if (read === null)
          throw this.#exchange.failed(saying(messageOf(document), 'answered something else than embeddings'));
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
    return this.#exchange.document(signal, (send) =>
      send({ path: counting.path(model), bytes, requestId }, ({ document }) => {
        const count = counting.read(document);
        if (count === null)
          throw this.#exchange.failed(saying(messageOf(document), 'answered something else than a count'));
        return count;
      }),
    );
  }

  /** The names of the models that the provider says it has; rejects as every call does. It costs nothing. */
  listModels(signal: AbortSignal): Promise<readonly string[]> {
    return this.#exchange.document(signal, (send) =>
      send({ path: this.#wire.models.path, bytes: null, requestId: 'models' }, ({ document }) =>
        this.#wire.models.read(document),
      ),
    );
  }

  async stream(request: ProviderRequest, signal: AbortSignal): Promise<CompletionStream> {
    const call = this.#callOf(await this.#inlineImages(request, signal), true);
    const { headers, parts } = await this.#exchange.stream(call, signal, () => call.createDigest());
    return { headers: withDropped({ ...headers }, call.dropped), parts };
  }

  probe(): Promise<void> {
    const failure = this.#exchange.lastFailure;
    if (this.missingSetting !== null) {
      return Promise.reject(Object.assign(new Error('Its key is missing.'), { code: 'not_configured' }));
    }
    if (failure === null) return Promise.resolve();
    return Promise.reject(new AppError('unavailable', `Failed when it was asked last: ${failure}.`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#exchange[Symbol.asyncDispose]();
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

  #noAnswer(document: JsonObject): AppError {
    return this.#exchange.failed(saying(messageOf(document), 'answered something else than a completion'));
  }
}

/** Clients differ in whether the version belongs to the address: where it is named, it is not named twice. */
function basePathOf({ pathname }: URL, versionPath: string | null): string {
  const path = pathname.replace(/\/$/, '');
  return versionPath !== null && path.endsWith(versionPath) ? path.slice(0, -versionPath.length) : path;
}

function saying(message: string | null, what: string): string {
  return message === null ? what : `${what}: ${message}`;
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1_000);
}
