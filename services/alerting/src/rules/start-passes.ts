import { runDueRules, type RunDeps } from './run-rules.ts';

export interface Passes extends AsyncDisposable {
  /** Looks at once for what is due. */
  wake(): void;
}

/** Evaluates what is due, for as long as it is open. What is due stands in Postgres; being woken only makes it sooner. */
export function startPasses(deps: RunDeps, { lookMs = 500 }: { lookMs?: number } = {}): Passes {
  let round: Promise<void> | null = null;
  let isWoken = false;
  let isClosed = false;

  async function look(): Promise<void> {
    do {
      isWoken = false;
      try {
        while (!isClosed && (await runDueRules(deps, new Date())) > 0);
      } catch (error) {
        deps.logger.warn('rules.pass_failed', { error });
      }
      // It may have been woken while it looked, when what woke it was not there to be seen yet.
    } while (shouldLookAgain());
    round = null;
  }
  const shouldLookAgain = (): boolean => isWoken && !isClosed;

  const wake = (): void => {
    isWoken = true;
    if (!isClosed) round ??= look();
  };
  const timer = setInterval(wake, lookMs);
  return {
    wake,
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearInterval(timer);
      await round;
    },
  };
}
