import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Tries until `attempt` resolves, every 25 ms. Throws the last failure when `timeoutMs` is over, and at once what
 * `giveUp` returns: the server has died, and waiting on is pointless.
 */
export async function until(
  attempt: () => Promise<void>,
  { timeoutMs, giveUp }: { timeoutMs: number; giveUp?: () => Error | null },
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const hopeless = giveUp?.() ?? null;
    if (hopeless !== null) throw hopeless;
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(25);
  }
}
