/** How many events were good of how many that were measured. */
export interface Tally {
  good: number;
  total: number;
}

/** The windows that burn rates are looked at in, in milliseconds. */
export const burnWindowMs = {
  '5m': 300_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '3d': 259_200_000,
} as const;
export type BurnWindow = keyof typeof burnWindowMs;
export const burnWindows = Object.keys(burnWindowMs) as BurnWindow[];

export interface BurnRule {
  severity: 'page' | 'ticket';
  /** Told when the budget is spent more than this many times as fast as would just use it up. */
  factor: number;
  long: BurnWindow;
  /** Too: so that it ends soon after the trouble does. */
  short: BurnWindow;
}

/** Of a budget for 30 days these are 2 % in an hour, 5 % in six, 10 % in three days (The Site Reliability Workbook, ch. 5). */
const burnRules: readonly BurnRule[] = [
  { severity: 'page', factor: 14.4, long: '1h', short: '5m' },
  { severity: 'page', factor: 6, long: '6h', short: '30m' },
  { severity: 'ticket', factor: 1, long: '3d', short: '6h' },
];

/** 1 uses the budget up exactly by the end of its window. Null: nothing was measured, which is neither good nor bad. */
export function burnRate({ good, total }: Tally, target: number): number | null {
  return total === 0 ? null : (total - good) / total / (1 - target);
}

export interface ErrorBudget {
  /** How many bad events the target allows of those that were measured so far. */
  allowed: number;
  spent: number;
  /** The part that is left: 1 is all, 0 nothing; below zero, more was spent than there was. Null: nothing was measured. */
  remaining: number | null;
}

export function errorBudget({ good, total }: Tally, target: number): ErrorBudget {
  const allowed = total * (1 - target);
  const spent = total - good;
  return { allowed, spent, remaining: total === 0 ? null : 1 - spent / allowed };
}

export type ObjectiveState = 'ok' | 'burning' | 'exhausted' | 'no_data';

export interface ObjectiveFacts {
  target: number;
  /** Over the objective's own window. */
  whole: Tally;
  burning: Readonly<Record<BurnWindow, Tally>>;
  /** Over the time after which silence is a state. */
  latest: Tally;
}

export interface Alarm extends BurnRule {
  longRate: number;
  shortRate: number;
}

export interface Judgement {
  state: ObjectiveState;
  /** The rules whose two windows both burn too fast, the most pressing first. */
  alarms: Alarm[];
  rates: Record<BurnWindow, number | null>;
  budget: ErrorBudget;
}

/** Judges an objective by what was counted. Silence is a state of its own: it says neither that all is well nor the contrary. */
export function judgeObjective({ target, whole, burning, latest }: ObjectiveFacts): Judgement {
  const rates = Object.fromEntries(
    burnWindows.map((window) => [window, burnRate(burning[window], target)]),
  ) as Judgement['rates'];
  const alarms = burnRules.flatMap((rule): Alarm[] => {
    const [longRate, shortRate] = [rates[rule.long] ?? 0, rates[rule.short] ?? 0];
    return longRate > rule.factor && shortRate > rule.factor ? [{ ...rule, longRate, shortRate }] : [];
  });
  const budget = errorBudget(whole, target);
  return { state: stateOf(latest, alarms, budget), alarms, rates, budget };
}

function stateOf(latest: Tally, alarms: readonly Alarm[], { remaining }: ErrorBudget): ObjectiveState {
  if (latest.total === 0) return 'no_data';
  if (alarms.length > 0) return 'burning';
  return remaining !== null && remaining <= 0 ? 'exhausted' : 'ok';
}
