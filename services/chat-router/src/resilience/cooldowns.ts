import { modelId, type Target } from '../routing/target.ts';

/** A provider that asks for more is not believed for longer. */
const coolMsMax = 60_000;

/** Who said when to come back (`Retry-After`): nobody of this process asks again before that. */
export class Cooldowns {
  readonly #until = new Map<string, number>();

  /** Times are milliseconds of `performance.now()`. */
  rest(connectionId: string, target: Target, ms: number, now: number): void {
    this.#until.set(keyOf(connectionId, target), now + Math.min(ms, coolMsMax));
  }

  /** How long it still wants to be left alone; 0: it may be asked. */
  restsMs(connectionId: string, target: Target, now: number): number {
    if (this.#until.size === 0) return 0;
    const key = keyOf(connectionId, target);
    const restsMs = Math.ceil((this.#until.get(key) ?? 0) - now);
    if (restsMs > 0) return restsMs;
    this.#until.delete(key);
    return 0;
  }
}

function keyOf(connectionId: string, target: Target): string {
  return `${connectionId} ${modelId(target)}`;
}
