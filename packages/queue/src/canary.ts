import { randomUUID } from 'node:crypto';
import type { Metrics } from '@signalbox/telemetry';
import type { Queue } from 'bullmq';

/** The name, inside any queue, of the job that only proves that jobs are taken. */
export const canaryName = 'canary';

export interface Canary {
  /** To be called for every job that the worker takes. */
  taken(): void;
  /** Since when this worker has taken none. */
  ageMs(): number;
  stop(): void;
}

const everyMs = 10_000;

/**
 * Sends a tiny job through the queue every 10 s, for a worker can hang although Redis answers. Every replica sends its
 * own and any may take it; a worker that takes none in six rounds is taken for stuck.
 */
export function startCanary({ queue, metrics }: { queue: Queue; metrics: Metrics }): Canary {
  const jobId = `${canaryName}-${randomUUID()}`;
  const age = metrics.gauge({
    name: 'signalbox_worker_idle_seconds',
    help: 'Since when a worker took no job; canaries come every 10 s.',
    labels: ['job'],
  });
  let takenAt = performance.now();
  let sending = false;

  function send(): void {
    age.set({ job: queue.name }, (performance.now() - takenAt) / 1000);
    if (sending) return;
    sending = true;
    queue
      // One that was not taken yet stays the only one.
      .add(canaryName, {}, { jobId, removeOnComplete: true, removeOnFail: true })
      // The age says it, wherever the trouble lies.
      .catch(() => undefined)
      .finally(() => {
        sending = false;
      });
  }

  send();
  const timer = setInterval(send, everyMs);

  return {
    taken() {
      takenAt = performance.now();
    },
    ageMs: () => performance.now() - takenAt,
    stop() {
      clearInterval(timer);
    },
  };
}
