import type { Logger } from '@signalbox/telemetry';
import { lookAtModels, type LookDeps } from './look-at-models.ts';

const everyMs = 30_000;

/** Looks at all models every half minute, for as long as it is open. */
export function startLooking({ logger, ...deps }: LookDeps & { logger: Logger }): AsyncDisposable {
  let round: Promise<void> | null = null;

  async function look(): Promise<void> {
    try {
      await lookAtModels(deps, new Date());
    } catch (error) {
      logger.warn('health.look_failed', { error });
    }
    round = null;
  }

  const timer = setInterval(() => {
    round ??= look();
  }, everyMs);

  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await round;
    },
  };
}
