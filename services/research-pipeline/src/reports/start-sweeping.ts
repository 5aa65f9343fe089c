import type { Logger } from '@signalbox/telemetry';
import { sweepReports, type SweepReportsDeps } from './sweep-reports.ts';

const everyMs = 30_000;

export interface StartSweepingDeps extends SweepReportsDeps {
  /** Told how many reports one round has cleared, where it has any. */
  cleared: (count: number) => void;
  logger: Logger;
}

/** Clears away what has expired, at once and then every half minute. A round that fails is told of, and the next one tries again. */
export function startSweeping({ cleared, logger, ...deps }: StartSweepingDeps): AsyncDisposable {
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let round = Promise.resolve();

  async function run(): Promise<void> {
    try {
      for (let count = 1; count > 0 && !isClosed;) {
        count = await sweepReports(deps);
        if (count > 0) cleared(count);
      }
    } catch (error) {
      logger.warn('reports.sweeping_failed', { error });
    }
    if (!isClosed) timer = setTimeout(begin, everyMs);
  }

  function begin(): void {
    round = run();
  }

  timer = setTimeout(begin, 0);
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(timer);
      await round;
    },
  };
}
