import type { TokenUsage } from '../usage/token-usage.ts';

/** What one event of a stream means to somebody who passes it on as it is. */
export type ChunkReading =
  /** It says that the answer is whole. */
  | { kind: 'done'; usage: TokenUsage | null }
  /** It carries a part of the answer: text, a tool call, a finish reason; `characters` of text and arguments. */
  | { kind: 'content'; usage: TokenUsage | null; characters: number }
  /** It carries none: a role, a comment, a provider's remark. */
  | { kind: 'quiet'; usage: TokenUsage | null }
  /** It carries nothing but the token counts: the chunk that OpenAI's `stream_options.include_usage` asks for. */
  | { kind: 'usage'; usage: TokenUsage }
  /** The provider gave up within the stream; `type` is its own word for why. */
  | { kind: 'error'; message: string | null; type: string | null }
  /** It is not what the dialect allows. */
  | { kind: 'invalid' };

/** Reads the `data` of one event after the other; null stands for an event without any. */
export type ChunkReader = (data: string | null) => ChunkReading;
