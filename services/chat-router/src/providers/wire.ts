import type { ChatAnswer } from '../dialects/chat-answer.ts';
import type { ChatRequest, DialectName } from '../dialects/chat-request.ts';
import type { ChunkReader } from '../dialects/chunk-reading.ts';
import type { JsonObject } from '../dialects/json.ts';
import type { StreamReader } from '../dialects/stream-reader.ts';
import type { WrittenRequest } from '../dialects/written-request.ts';
import type { TokenUsage } from '../usage/token-usage.ts';
import type { ProviderRequest } from './provider.ts';

/** How one vendor's API is spoken: addresses, headers and shapes. Pure; who sends and reads is `HttpProvider`. */
export interface Wire {
  /** Where no address is given; null: one must be. */
  readonly baseUrl: string | null;
  /** What every path begins with, and an address may name as well: `/v1`; null: it is part of the address. */
  readonly versionPath: string | null;
  /** With every request. `apiKey` is null where the provider asks for none. */
  headers(apiKey: string | null): Readonly<Record<string, string>>;
  /** How the bytes of a client of this dialect go through as they are; null: they are translated. */
  passing(dialect: DialectName): PassingWire | null;
  readonly chat: ChatWire;
  /** Null: it makes no embeddings. */
  readonly embeddings: EmbeddingsWire | null;
  /** Null: it counts nothing before it is asked. */
  readonly counting: CountingWire | null;
  readonly models: { path: string; read(document: JsonObject): readonly string[] };
}

/** Bytes through: neither request nor answer is written anew. */
export interface PassingWire {
  path(model: string, stream: boolean): string;
  /** The client's bytes with the provider's name of the model, and what the provider would not understand taken out. */
  splice(request: ProviderRequest): { bytes: Buffer; dropped: readonly string[] };
  createChunkReader(): ChunkReader;
  /** Whether a chunk that tells nothing but usage is for the client. */
  tellsUsage(request: JsonObject): boolean;
  /** Whether a document is an answer at all. */
  isAnswer(document: JsonObject): boolean;
  readUsage(document: JsonObject): TokenUsage | null;
}

/** Translated: from nobody's dialect and back. */
export interface ChatWire {
  path(model: string, stream: boolean): string;
  write(request: ChatRequest): WrittenRequest;
  isAnswer(document: JsonObject): boolean;
  /** `callPrefix` is unique to the request, for tool calls that get no id from the provider. */
  readAnswer(document: JsonObject, sender: string, callPrefix: string): ChatAnswer;
  createStreamReader(sender: string, callPrefix: string): StreamReader;
}

/** Clients ask for embeddings in OpenAI's dialect alone. */
export interface EmbeddingsWire {
  path(model: string): string;
  write(request: ProviderRequest): Buffer;
  /** Null: it is no answer. `usage` null: the provider does not tell. */
  read(body: Buffer, document: JsonObject, request: ProviderRequest): { body: Buffer; usage: TokenUsage | null } | null;
}

/** The provider's own counter of tokens, which costs nothing. */
export interface CountingWire {
  path(model: string): string;
  write(request: ChatRequest): Readonly<Record<string, unknown>>;
  /** Null: it is no count. */
  read(document: JsonObject): number | null;
}
