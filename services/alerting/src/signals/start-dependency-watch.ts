import { ServiceHealth } from '@signalbox/contracts';
import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { noteSignal } from './note-signal.ts';
import { listSignals } from './signal-store.ts';

export interface WatchedService {
  name: string;
  adminUrl: string;
}

export interface DependencyWatchDeps {
  db: Kysely<Schema>;
  services: readonly WatchedService[];
  wake: () => void;
}

const answerMsMax = 3_000;
/** One look that fails is not yet a service that does. */
const looksToBelieve = 2;

/** OD-12: looks how the other services are, and notes what has changed, for every tenant. */
export function startDependencyWatch({
  logger,
  lookMs = 5_000,
  ...deps
}: DependencyWatchDeps & { logger: Logger; lookMs?: number }): AsyncDisposable {
  const seen = new Map<string, { state: string; looks: number }>();
  let round: Promise<void> | null = null;

  async function look(): Promise<void> {
    try {
      for (const service of deps.services) {
        const state = await stateOf(service);
        const last = seen.get(service.name);
        const looks = last?.state === state ? last.looks + 1 : 1;
        seen.set(service.name, { state, looks });
        if (looks >= looksToBelieve) await note(deps, service.name, state, new Date());
      }
    } catch (error) {
      logger.warn('dependencies.look_failed', { error });
    }
    round = null;
  }

  const timer = setInterval(() => {
    round ??= look();
  }, lookMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await round;
    },
  };
}

/** Its own word for how it is; `unhealthy` when it gives none. */
async function stateOf({ adminUrl }: WatchedService): Promise<string> {
  try {
    const answer = await fetch(new URL('/health/ready', adminUrl), { signal: AbortSignal.timeout(answerMsMax) });
    const health = ServiceHealth.safeParse(await answer.json());
    return health.success ? health.data.status : 'unhealthy';
  } catch {
    return 'unhealthy';
  }
}

async function note({ db, wake }: DependencyWatchDeps, subject: string, state: string, now: Date): Promise<void> {
  const known = await listSignals(db, '', 'dependency');
  if (known.some((row) => row.subject === subject && row.state === state)) return;
  const row = {
    tenant_id: '',
    signal: 'dependency',
    subject,
    state,
    value: 1,
    labels: {},
    at: now,
    expires_at: null,
  } as const;
  await db.transaction().execute((trx) => noteSignal(trx, row, now));
  wake();
}
