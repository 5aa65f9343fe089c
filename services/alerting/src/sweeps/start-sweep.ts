import type { Logger } from '@signalbox/telemetry';

export interface Sweep extends AsyncDisposable {
  /** Looks at once, or once more after the round that runs. */
  nudge(): void;
}

export interface SweepOptions {
  /** How long it rests between two rounds at most. */
  everyMs: number;
  /** Asked after each round: when there will be something to do, as far as is known; null: not known. */
  nextAt?: () => Promise<Date | null>;
  logger: Logger;
}

/** Nudges within so long are one round: whoever is nudged all the time still rests. */
const nudgedRestMs = 10;
const [retryMsMin, retryMsMax] = [500, 8_000];

/**
 * Does `work` again and again, one round at a time: what is to be done stands in the database, and looking there is the
 * only thing that everything hangs on. A round that fails is told of once, and tried again.
 */
export function startSweep(work: () => Promise<void>, { everyMs, nextAt, logger }: SweepOptions): Sweep {
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | null = null;
  let closed = false;
  let nudged = false;
  /** A nudged round is about to begin; further nudges must not put it off. */
  let isAbout = false;
  let failures = 0;

  function run(): void {
    nudged = false;
    isAbout = false;
    round = look().then((restMs) => {
      round = null;
      if (!closed) timer = setTimeout(run, nudged ? nudgedRestMs : restMs);
    });
  }

  /** Gives how long to rest. */
  async function look(): Promise<number> {
    try {
      await work();
      const at = nextAt === undefined ? null : await nextAt();
      if (failures > 0) logger.info('sweep.recovered', { failures });
      failures = 0;
      return at === null ? everyMs : Math.min(everyMs, Math.max(nudgedRestMs, at.getTime() - Date.now()));
    } catch (error) {
      failures += 1;
      if (failures === 1) logger.warn('sweep.failed', { error });
      return Math.min(retryMsMax, retryMsMin * 2 ** Math.min(10, failures - 1));
    }
  }

  timer = setTimeout(run, 0);
  return {
    nudge() {
      nudged = true;
      if (round !== null || closed || isAbout) return;
      clearTimeout(timer);
      isAbout = true;
      timer = setTimeout(run, nudgedRestMs);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      await round;
    },
  };
}
