export const healthStatuses = ['ok', 'drifting', 'degraded', 'failing', 'no_data'] as const;
export type HealthStatus = (typeof healthStatuses)[number];

export type ReasonKind =
  'error_rate' | 'latency' | 'gpu_memory' | 'cpu_usage' | 'memory_usage' | 'objective' | 'drift' | 'no_data';

export interface Reason {
  kind: ReasonKind;
  /** What it is about, where the kind does not say: the objective's id, or what drifts. */
  subject: string | null;
  value: number | null;
  limit: number | null;
}

/** What a model may reach before it is called degraded. Null: nobody set a limit. */
export type HealthLimits = Readonly<
  Record<'error_rate' | 'latency' | 'gpu_memory' | 'cpu_usage' | 'memory_usage', number | null>
>;

export interface HealthFacts {
  /** Null: there never was one, as far as is remembered. */
  lastSampleAt: number | null;
  /** Of the last minutes; see `recentMs`. */
  recent: { samples: number } & Readonly<Record<keyof HealthLimits, number | null>>;
  limits: HealthLimits;
  /** The most pressing alarm of each objective that has one. */
  burning: readonly { objectiveId: string; severity: 'page' | 'ticket'; rate: number; factor: number }[];
  /** What the newest verdict says to drift. Null: there is no verdict. */
  drifting: readonly string[] | null;
}

export interface ModelHealth {
  status: HealthStatus;
  since: number;
  reasons: readonly Reason[];
  /** What it seems to become, and how many times in a row it seemed so. */
  tending: { status: HealthStatus; times: number } | null;
}

/** What `recent` is of. */
export const recentMs = 600_000;
/** A model that is silent for so long has no health. */
export const silentMs = 1_800_000;
/** So few samples are no reason to call a model anything. */
const judgedSamplesMin = 10;
/** So many looks in a row must agree before it is called worse, or better. */
export const worseAfter = 2;
export const betterAfter = 3;
/** What is over its limit stays so until it is below this part of it. */
export const clearsAt = 0.9;
/** Errors of this many times the limit are no degradation any more. */
const failsAt = 2;

/** The next health of a model, from the one before and what is known now. It changes in steps that were seen more than once. */
export function stepHealth(previous: ModelHealth | null, facts: HealthFacts, now: number): ModelHealth {
  const { status, reasons } = assess(previous, facts, now);
  if (previous === null) return { status, since: now, reasons, tending: null };
  if (status === previous.status) return { ...previous, reasons, tending: null };
  const times = previous.tending?.status === status ? previous.tending.times + 1 : 1;
  if (times < looksNeeded(previous.status, status)) return { ...previous, tending: { status, times } };
  return { status, since: now, reasons, tending: null };
}

/** Silence took its time already, and its end is no opinion. */
function looksNeeded(from: HealthStatus, to: HealthStatus): number {
  if (from === 'no_data' || to === 'no_data') return 1;
  return healthStatuses.indexOf(to) > healthStatuses.indexOf(from) ? worseAfter : betterAfter;
}

function assess(
  previous: ModelHealth | null,
  { lastSampleAt, recent, limits, burning, drifting }: HealthFacts,
  now: number,
): { status: HealthStatus; reasons: Reason[] } {
  if (lastSampleAt === null || now - lastSampleAt >= silentMs) {
    const value = lastSampleAt === null ? null : now - lastSampleAt;
    return { status: 'no_data', reasons: [{ kind: 'no_data', subject: null, value, limit: silentMs }] };
  }
  const kinds = ['error_rate', 'latency', 'gpu_memory', 'cpu_usage', 'memory_usage'] as const;
  const over = kinds.flatMap((kind): (Reason & { value: number; limit: number })[] => {
    const [value, limit] = [recent[kind], limits[kind]];
    if (value === null || limit === null || recent.samples < judgedSamplesMin) return [];
    const was = previous?.reasons.some((reason) => reason.kind === kind) === true;
    return value > limit * (was ? clearsAt : 1) ? [{ kind, subject: null, value, limit }] : [];
  });
  const burns = burning.map(({ objectiveId, rate, factor }): Reason => ({
    kind: 'objective',
    subject: objectiveId,
    value: rate,
    limit: factor,
  }));
  const drifts = (drifting ?? []).map((subject): Reason => ({ kind: 'drift', subject, value: null, limit: null }));
  const reasons = [...over, ...burns, ...drifts];
  const failing =
    over.some(({ kind, value, limit }) => kind === 'error_rate' && value >= failsAt * limit) ||
    burning.some(({ severity }) => severity === 'page');
  if (failing) return { status: 'failing', reasons };
  if (over.length > 0 || burns.length > 0) return { status: 'degraded', reasons };
  return drifts.length > 0 ? { status: 'drifting', reasons } : { status: 'ok', reasons };
}
