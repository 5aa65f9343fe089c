import { setTimeout } from 'node:timers/promises';
import type { AnswerSink } from '../completions/answer-sink.ts';
import type { TaskEventRow } from './task-store.ts';

export interface TaskStream {
  /** The events after a position, in order. */
  eventsAfter: (position: number) => Promise<TaskEventRow[]>;
  sink: Pick<AnswerSink, 'write' | 'end'>;
  /** Fires when the client has left, or the process is about to end. */
  signal: AbortSignal;
  pollMs?: number;
  heartbeatMs?: number;
}

/** Tells a task's events from a position on, as server-sent events, until the one that ends the task has been told. */
export async function streamTask(after: number, stream: TaskStream): Promise<void> {
  const { eventsAfter, sink, signal, pollMs = 250, heartbeatMs = 10_000 } = stream;
  let position = after;
  let toldAt = performance.now();
  while (!signal.aborted) {
    const events = await eventsAfter(position);
    for (const event of events) {
      await sink.write(Buffer.from(textOf(event)));
      position = event.position;
      toldAt = performance.now();
    }
    if (events.some(isLast)) break;
    if (performance.now() - toldAt >= heartbeatMs) {
      await sink.write(Buffer.from(': waiting\n\n'));
      toldAt = performance.now();
    }
    await setTimeout(pollMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  sink.end(Buffer.alloc(0));
}

function textOf({ position, type, data }: TaskEventRow): string {
  return `id: ${String(position)}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function isLast({ type, data }: TaskEventRow): boolean {
  return type === 'status' && ['completed', 'failed', 'cancelled'].includes(String(data['status']));
}
