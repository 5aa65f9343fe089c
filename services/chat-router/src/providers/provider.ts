import type { ChatRequest, DialectName } from '../dialects/chat-request.ts';
import type { TokenUsage } from '../usage/token-usage.ts';

/** What is asked of a model. */
export type Operation = 'chat' | 'embeddings';

/** What a client asked, whoever is going to answer it. */
export interface Asked {
  operation: Operation;
  /** The dialect that the client speaks, and that every answer is in. */
  dialect: DialectName;
  stream: boolean;
  /** In the shape of `dialect`, as the route's contract checked it. */
  body: Readonly<Record<string, unknown>>;
  /** `body` as the client wrote it, but for the member `signalbox`, which is ours. */
  bytes: Buffer;
  /** The same in nobody's dialect; made when it is first asked for. Only for `chat`. */
  chat(): ChatRequest;
  /** Headers of the client that mean something to providers of its dialect alone (`anthropic-beta`). */
  vendorHeaders?: Readonly<Record<string, string>>;
  requestId: string;
}

/** Hears how far a call came, for what it costs although nobody waited for its end. */
export interface CallProgress {
  /** The request is on its way to the provider, who may bill it from here on. */
  sent(): void;
  /** So many bytes of an answer in one document have come. */
  received(bytes: number): void;
}

/** One request on its way to one model. */
export interface ProviderRequest extends Asked {
  /** The provider's own name of the model. */
  model: string;
  progress?: CallProgress;
}

/** A whole answer in the client's dialect, ready to be sent. */
export interface CompletionDocument {
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  usage: TokenUsage | null;
}

/** One or several whole events of a streamed answer, in the client's dialect. */
export interface StreamPart {
  /** May be empty: what only told the usage is not for a client that did not ask for it. */
  bytes: Buffer;
  /** False as long as no part of the answer proper has come. Until then the answer may still be withdrawn. */
  hasContent: boolean;
  /** What the provider has told so far, where it told something new. */
  usage: TokenUsage | null;
  /** Of text and arguments in this part: what is billed by when the answer breaks off before its usage was told. */
  characters?: number;
  /**
   * True for the last part alone, whose bytes say that the answer is whole (`[DONE]`, `message_stop`). They are sent when
   * what the answer cost is on record, and not before.
   */
  isEnd: boolean;
}

export interface CompletionStream {
  headers: Readonly<Record<string, string>>;
  /**
   * Ends, after a part that `isEnd`, only when the provider said that the answer is whole; throws an `AppError` otherwise.
   * Leaving the loop early ends the call to the provider.
   */
  parts: AsyncIterable<StreamPart> | Iterable<StreamPart>;
}

/**
 * Somebody who answers requests. Every method throws `AppError`s only: `validation_failed`, `not_found` and the like
 * where the request is at fault, `rate_limited`, `provider_failed`, `unavailable` or `timeout` where the provider is. When
 * `signal` fires, the call to the provider ends at once. None of them tries twice: that is the caller's to decide.
 */
export interface Provider extends AsyncDisposable {
  readonly name: string;
  readonly models: readonly string[];
  /** The environment variable that lacks its value, without which the provider cannot be asked; null when it can. */
  readonly missingSetting: string | null;
  complete(request: ProviderRequest, signal: AbortSignal): Promise<CompletionDocument>;
  stream(request: ProviderRequest, signal: AbortSignal): Promise<CompletionStream>;
  /** Absent: it makes no embeddings. */
  embed?(request: ProviderRequest, signal: AbortSignal): Promise<CompletionDocument>;
  /** By the provider's own counter; null where it has none. Absent: it has none. */
  countTokens?(request: ProviderRequest, signal: AbortSignal): Promise<number | null>;
  /** For health: rejects when the provider cannot be asked, or failed when it was asked last. Sends nothing. */
  probe(): Promise<void>;
}
