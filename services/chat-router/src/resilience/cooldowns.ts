import { modelId, type Target } from '../routing/target.ts';

/** A provider that asks for more is not believed for longer. */
const coolMsMax = 60_000;

/** That a model of a connection wants to be left alone for so long from now on. */
export interface Cooldown {
  /** The connection and the model. */
  key: string;
  ms: number;
}

/**
 * Who said when to come back (`Retry-After`): nobody asks again before that. `told` hears of each that this process was told
 * by a provider; what another process was told is learnt by `learn`.
 */
export class Cooldowns {
  readonly #until = new Map<string, number>();
  readonly #told: (cooldown: Cooldown) => void;

  constructor(told: (cooldown: Cooldown) => void = () => undefined) {
    this.#told = told;
  }

  /** Times are milliseconds of `performance.now()`. */
  rest(connectionId: string, target: Target, ms: number, now: number): void {
    const cooldown = { key: keyOf(connectionId, target), ms: Math.min(ms, coolMsMax) };
    this.learn(cooldown, now);
    this.#told(cooldown);
  }

  learn({ key, ms }: Cooldown, now: number): void {
    this.#until.set(key, now + Math.min(ms, coolMsMax));
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
