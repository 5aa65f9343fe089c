import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@signalbox/telemetry';
import { waitFor } from '@signalbox/test-kit';
import { startSweep } from './start-sweep.ts';

const logger = createLogger({ service: 'test', write: () => undefined });
/** Far longer than any of these tests: what happens before was not found by looking now and then. */
const everyMs = 3_600_000;

describe('a sweep', () => {
  it('looks once at its start, and then not before somebody nudges', async () => {
    let rounds = 0;
    const work = () => Promise.resolve(void (rounds += 1));
    await using sweep = startSweep(work, { everyMs, logger });
    await waitFor(() => rounds === 1);
    sweep.nudge();
    await waitFor(() => rounds === 2);
  });

  it('makes one round of many nudges, and one more of those that come while it looks', async () => {
    let rounds = 0;
    let finish = (): void => undefined;
    const work = async (): Promise<void> => {
      rounds += 1;
      if (rounds === 2)
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
    };
    await using sweep = startSweep(work, { everyMs, logger });
    await waitFor(() => rounds === 1);
    const nudgeOften = (): void => {
      for (let count = 0; count < 1_000; count += 1) sweep.nudge();
    };
    nudgeOften();
    await waitFor(() => rounds === 2);
    nudgeOften();
    finish();
    await waitFor(() => rounds === 3);
    await using _other = startSweep(() => Promise.resolve(), { everyMs, logger });
    expect(rounds).toBe(3);
  });

  it('looks when there will be something to do', async () => {
    let rounds = 0;
    const due = new Date(Date.now() + 50);
    await using _sweep = startSweep(() => Promise.resolve(void (rounds += 1)), {
      everyMs,
      nextAt: () => Promise.resolve(rounds < 2 ? due : null),
      logger,
    });
    await waitFor(() => rounds === 2);
    expect(Date.now()).toBeGreaterThanOrEqual(due.getTime());
  });

  it('tries again soon after a failure, and rests between failures', async () => {
    let rounds = 0;
    const work = () => {
      rounds += 1;
      return rounds < 2 ? Promise.reject(new Error('away')) : Promise.resolve();
    };
    await using _sweep = startSweep(work, { everyMs, logger });
    await waitFor(() => rounds === 2);
  });
});
