import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { renewLease, type JobLease } from './lease-store.ts';

/** The job is somebody else's, or has ended. */
export class LeaseLost extends Error {}

/** Its owner wants the job to end. */
export class CancelAsked extends Error {}

/** How often a worker says that it is alive, and hears that its job was cancelled. */
const renewMs = 500;

/** Keeps a lease alive; `ended` fires with `CancelAsked`, or with `LeaseLost` when somebody else has the job, or might have. */
export function holdLease(
  db: Kysely<Schema>,
  lease: JobLease,
  leaseMs: number,
): AsyncDisposable & { readonly ended: AbortSignal } {
  const ended = new AbortController();
  let renewedAt = performance.now();
  let renewing: Promise<void> | null = null;

  async function renew(): Promise<void> {
    const from = performance.now();
    try {
      const state = await renewLease(db, lease, leaseMs);
      if (state === 'lost') ended.abort(new LeaseLost());
      else renewedAt = from;
      if (state === 'cancelling') ended.abort(new CancelAsked());
    } catch {
      // Postgres is away. As long as the lease runs, nobody else can have the job either.
      if (performance.now() - renewedAt > leaseMs) ended.abort(new LeaseLost());
    }
    renewing = null;
  }

  const timer = setInterval(() => {
    renewing ??= renew();
  }, renewMs);
  return {
    ended: ended.signal,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await renewing;
    },
  };
}
