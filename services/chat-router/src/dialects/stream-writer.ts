import type { ChatEvent } from './chat-event.ts';

/** Tells a stream of events in a client's dialect. */
export interface StreamWriter {
  /** The bytes that tell these events; empty where the client need not know. Throws the error of an `error` event. */
  write(events: readonly ChatEvent[]): Buffer;
  /** The bytes that say that the answer is whole. Nothing follows. */
  end(): Buffer;
}

/** What an answer is told under. */
export interface AnswerEnvelope {
  requestId: string;
  /** Where the provider does not name its model. */
  model: string;
  /** The client's request, for the dialects that repeat it and for what it wants told. */
  request: Readonly<Record<string, unknown>>;
  /** In seconds since 1970. */
  created: number;
}

/** What identifies an answer, without the prefix of its request's id. */
export function bareId(requestId: string): string {
  return requestId.slice(requestId.indexOf('_') + 1);
}
