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
        for (const { signal, subject, state } of statesOf(service.name, await healthOf(service))) {
          const last = seen.get(subject);
          const looks = last?.state === state ? last.looks + 1 : 1;
          seen.set(subject, { state, looks });
          if (looks >= looksToBelieve) await note(deps, { signal, subject, state }, new Date());
        }
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

interface SeenState {
  signal: 'dependency' | 'queue';
  subject: string;
  state: string;
}

/** How a service is, and how what it works off is. One that says nothing says nothing of its queues either. */
function statesOf(name: string, health: ServiceHealth | null): SeenState[] {
  const own = { signal: 'dependency', subject: name, state: health?.status ?? 'unhealthy' } as const;
  const queues = Object.entries(health?.components ?? {})
    .filter(([component]) => component === 'queue' || component.endsWith('_worker'))
    .map(([component, { status }]): SeenState => ({ signal: 'queue', subject: `${name}/${component}`, state: status }));
  return [own, ...queues];
}

async function healthOf({ adminUrl }: WatchedService): Promise<ServiceHealth | null> {
  try {
    const answer = await fetch(new URL('/health/ready', adminUrl), { signal: AbortSignal.timeout(answerMsMax) });
    const health = ServiceHealth.safeParse(await answer.json());
    return health.success ? health.data : null;
  } catch {
    return null;
  }
}

async function note({ db, wake }: DependencyWatchDeps, seen: SeenState, now: Date): Promise<void> {
  const known = await listSignals(db, '', seen.signal);
  if (known.some(({ subject, state }) => subject === seen.subject && state === seen.state)) return;
  const row = { tenant_id: '', ...seen, value: 1, labels: {}, details: {}, at: now, expires_at: null };
  await db.transaction().execute((trx) => noteSignal(trx, row, now));
  wake();
}
