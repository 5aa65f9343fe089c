import type { TaskStatus } from '@signalbox/contracts';

/** What may happen to a task. */
export type TaskEvent = 'claimed' | 'completed' | 'failed' | 'cancelled';

const steps = {
  pending: { claimed: 'processing', failed: 'failed', cancelled: 'cancelled' },
  // A worker that takes over from one that died claims it again.
  processing: { claimed: 'processing', completed: 'completed', failed: 'failed', cancelled: 'cancelled' },
  completed: {},
  failed: {},
  cancelled: { cancelled: 'cancelled' },
} as const satisfies Record<TaskStatus, Partial<Record<TaskEvent, TaskStatus>>>;

/** Where an event leads; null where it cannot happen: nothing goes backwards, and an end is an end (R17). */
export function stepTask(status: TaskStatus, event: TaskEvent): TaskStatus | null {
  const possible: Partial<Record<TaskEvent, TaskStatus>> = steps[status];
  return possible[event] ?? null;
}

/** The states in which an event changes something, for statements that let the database decide. */
export function statesBefore(event: TaskEvent): TaskStatus[] {
  return (Object.keys(steps) as TaskStatus[]).filter((status) => {
    const next = stepTask(status, event);
    return next !== null && (next !== status || event === 'claimed');
  });
}

export function isOver(status: TaskStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
