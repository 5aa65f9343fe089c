import type { ResearchStatus } from '@signalbox/contracts';

/** What may happen to a job. */
export type JobEvent =
  | 'claimed'
  | 'planned'
  | 'approved'
  | 'completed'
  | 'completed_in_part'
  | 'failed'
  | 'cancel_asked'
  | 'let_go'
  | 'retried';

const steps = {
  queued: { claimed: 'running', cancel_asked: 'cancelled', failed: 'failed' },
  running: {
    // A worker that takes over from one that died claims it again.
    claimed: 'running',
    planned: 'waiting_for_approval',
    completed: 'completed',
    completed_in_part: 'completed_partial',
    failed: 'failed',
    cancel_asked: 'cancelling',
  },
  waiting_for_approval: { approved: 'queued', cancel_asked: 'cancelled' },
  cancelling: { let_go: 'cancelled', cancel_asked: 'cancelling' },
  cancelled: { retried: 'queued', cancel_asked: 'cancelled' },
  completed: {},
  completed_partial: { retried: 'queued' },
  failed: { retried: 'queued' },
} as const satisfies Record<ResearchStatus, Partial<Record<JobEvent, ResearchStatus>>>;

/** Where an event leads; null where it cannot happen. */
export function stepJob(status: ResearchStatus, event: JobEvent): ResearchStatus | null {
  const possible: Partial<Record<JobEvent, ResearchStatus>> = steps[status];
  return possible[event] ?? null;
}

/** The states in which an event can happen, for statements that let the database decide. */
export function statesBefore(event: JobEvent): ResearchStatus[] {
  return (Object.keys(steps) as ResearchStatus[]).filter((status) => stepJob(status, event) !== null);
}

export function isOver(status: ResearchStatus): boolean {
  return ['cancelled', 'completed', 'completed_partial', 'failed'].includes(status);
}
