import type { ChatEvent } from './chat-event.ts';

/** Reads one provider's stream into events. However the bytes were cut, the same events come out. */
export interface StreamReader {
  /** What the `data` of one server-sent event says; null stands for an event without any. */
  read(data: string | null): readonly ChatEvent[];
  /** What the end of the connection says. */
  end(): readonly ChatEvent[];
  /** The provider said that nothing follows. */
  readonly isEnd: boolean;
  /** The answer is whole: the connection may end here. */
  readonly isWhole: boolean;
}
