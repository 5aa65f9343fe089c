import type { AppError } from '@signalbox/errors';
import type { TokenUsage } from '../usage/token-usage.ts';
import type { DialectName, Extra, Signature } from './chat-request.ts';

/**
 * One thing that happens while a model answers, in nobody's dialect. A document is the list of everything that would have
 * been streamed. `started` comes first and once; `finished` once and after all content; `usage` may come several times, each
 * holding the sums so far; whoever reads an `error` reads nothing after it. Tool calls bear an `index`, from 0 in order of
 * their beginning; several may be under way at once.
 */
export type ChatEvent =
  | { kind: 'started'; id: string | null; model: string | null; extra?: Extra }
  | { kind: 'text'; text: string }
  | { kind: 'thinking'; text: string }
  /** Seals the thinking since the last signature; there may have been none that is shown. */
  | { kind: 'thinking_signature'; signature: Signature }
  | { kind: 'tool_call_started'; index: number; id: string; name: string; signature: Signature | null }
  | { kind: 'tool_call_arguments'; index: number; text: string }
  | { kind: 'finished'; reason: FinishReason; stopSequence: string | null }
  | { kind: 'usage'; usage: TokenUsage }
  | { kind: 'error'; error: AppError }
  /** A piece of the answer that only one dialect knows (a citation, a result of a tool at the provider's). */
  | { kind: 'opaque'; dialect: DialectName; value: Readonly<Record<string, unknown>> };

/** `content_filter`: the provider or the model itself declines. `paused`: the provider stopped in the midst of its own tools and wants to be asked again with what it said. */
export type FinishReason = 'stop' | 'stop_sequence' | 'length' | 'tool_calls' | 'content_filter' | 'paused';

/** True for what a client is waiting for: before the first of these an answer may still be withdrawn. */
export function isContent(event: ChatEvent): boolean {
  switch (event.kind) {
    case 'started':
    case 'usage':
    case 'error':
      return false;
    case 'text':
    case 'thinking':
    case 'thinking_signature':
    case 'tool_call_started':
    case 'tool_call_arguments':
    case 'finished':
    case 'opaque':
      return true;
  }
}
