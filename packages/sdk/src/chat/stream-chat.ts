import type { Caller, CallOptions } from '../calls/caller.ts';
import { readStreamFailure } from '../calls/read-refusal.ts';
import { ConnectionError, SignalboxError } from '../signalbox-error.ts';
import { readEvents, type ServerEvent } from '../streams/read-events.ts';
import type { ChatChunk, ChatRequest } from './chat-messages.ts';

/** The mesh lets a provider be silent for 30 s. */
const idleMs = 45_000;

export async function* streamChat(
  caller: Caller,
  request: ChatRequest,
  options: CallOptions,
): AsyncGenerator<ChatChunk, void, undefined> {
  const body = { ...request, stream: true };
  const open = await caller.open('createChatCompletion', { body, accept: 'text/event-stream' }, options);
  const isLast = ({ data }: ServerEvent) => data === '[DONE]';
  for await (const { event, data } of readEvents(open, { idleMs, signal: options.signal ?? null, isLast })) {
    if (data === '[DONE]') return;
    if (event === 'error') throw readStreamFailure(data);
    if (event === 'shutdown') break;
    const chunk = parse(data);
    if ('error' in chunk) throw readStreamFailure(data);
    yield chunk as unknown as ChatChunk;
  }
  throw new ConnectionError('The stream ended before the answer was whole.');
}

function parse(data: string): Record<string, unknown> {
  let cause: unknown;
  try {
    const value = JSON.parse(data) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (thrown) {
    cause = thrown;
  }
  throw new SignalboxError('protocol', 'A piece of the stream is no JSON object.', { body: data, cause });
}
