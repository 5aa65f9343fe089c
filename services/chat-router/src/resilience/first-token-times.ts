import { modelId, type Target } from '../routing/target.ts';

const rememberedMax = 64;
/** What is older says nothing of how fast a model is now. */
const rememberedMs = 600_000;
/** Of more models than these, those that were not asked for longest are forgotten. */
const modelsMax = 10_000;

/** How soon streams of a model began lately, as this process saw it. */
export class FirstTokenTimes {
  readonly #times = new Map<string, { seen: { ms: number; at: number }[]; next: number }>();

  /** A connection of one tenant says nothing of another's. `now` is of any clock in milliseconds that only goes forward. */
  observe(connectionId: string, target: Target, ms: number, now = performance.now()): void {
    const key = keyOf(connectionId, target);
    const times = this.#times.get(key) ?? { seen: [], next: 0 };
    times.seen[times.next] = { ms, at: now };
    times.next = (times.next + 1) % rememberedMax;
    this.#times.delete(key);
    this.#times.set(key, times);
    const [oldest] = this.#times.keys();
    if (this.#times.size > modelsMax && oldest !== undefined) this.#times.delete(oldest);
  }

  /** Of the last 64, as far as they are of the last 10 minutes, half began within this time; null where there are none. */
  median(connectionId: string, target: Target, now = performance.now()): number | null {
    const { seen } = this.#times.get(keyOf(connectionId, target)) ?? { seen: [] };
    const sorted = seen.flatMap(({ ms, at }) => (now - at < rememberedMs ? [ms] : [])).sort((a, b) => a - b);
    return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
  }
}

function keyOf(connectionId: string, target: Target): string {
  return `${connectionId} ${modelId(target)}`;
}
