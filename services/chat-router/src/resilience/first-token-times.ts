import { modelId, type Target } from '../routing/target.ts';

const rememberedMax = 64;
/** Of more models than these, those that were not asked for longest are forgotten. */
const modelsMax = 10_000;

/** How soon streams of a model began lately, as this process saw it. */
export class FirstTokenTimes {
  readonly #times = new Map<string, { ms: number[]; next: number }>();

  /** A connection of one tenant says nothing of another's. */
  observe(connectionId: string, target: Target, ms: number): void {
    const key = keyOf(connectionId, target);
    const seen = this.#times.get(key) ?? { ms: [], next: 0 };
    seen.ms[seen.next] = ms;
    seen.next = (seen.next + 1) % rememberedMax;
    this.#times.delete(key);
    this.#times.set(key, seen);
    const [oldest] = this.#times.keys();
    if (this.#times.size > modelsMax && oldest !== undefined) this.#times.delete(oldest);
  }

  /** Half of the last 64 began within this time; null when none did. */
  median(connectionId: string, target: Target): number | null {
    const sorted = this.#times.get(keyOf(connectionId, target))?.ms.toSorted((a, b) => a - b);
    return sorted?.[Math.floor((sorted.length - 1) / 2)] ?? null;
  }
}

function keyOf(connectionId: string, target: Target): string {
  return `${connectionId} ${modelId(target)}`;
}
