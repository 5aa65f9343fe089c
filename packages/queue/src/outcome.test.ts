import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import { judgeFailure, outcomeOf } from './outcome.ts';

const never = new Promise<void>(() => undefined);
const first = { attemptsStarted: 1, attemptsMade: 0 };
const away = new AppError('unavailable', undefined, { retryAfterMs: 1_000 });

describe('the outcome of an attempt', () => {
  it('is the handler’s end, unless this process has to let go before it', async () => {
    const { signal } = new AbortController();
    expect(await outcomeOf(() => Promise.resolve(), never, signal, first)).toEqual({ kind: 'completed' });
    expect(await outcomeOf(() => never, Promise.resolve(), signal, first)).toEqual({ kind: 'released' });
  });

  it('is no failure when the handler stops because it was told to', async () => {
    const controller = new AbortController();
    controller.abort();
    const stopped = (): Promise<void> => Promise.reject(new Error('aborted'));
    expect(await outcomeOf(stopped, never, controller.signal, first)).toEqual({ kind: 'released' });
  });

  it('is a failure with the sentence of what was thrown, and no stack', () => {
    expect(judgeFailure(new AppError('conflict', 'Two at once.'), first)).toMatchObject({
      kind: 'failed',
      reason: 'conflict: Two at once.',
    });
    expect(judgeFailure(new RangeError('no'), first)).toMatchObject({ kind: 'failed', reason: 'RangeError: no' });
  });

  it('is postponed while a dependency is away, longer each time up to a minute, and in the end a failure', () => {
    const delays = [1, 2, 3, 8, 50].map((attemptsStarted) => {
      const outcome = judgeFailure(away, { attemptsStarted, attemptsMade: 0 });
      return outcome.kind === 'postponed' ? outcome.delayMs : null;
    });
    expect(delays).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
    expect(judgeFailure(away, { attemptsStarted: 101, attemptsMade: 0 }).kind).toBe('failed');
    const patient = new AppError('unavailable', undefined, { retryAfterMs: 90_000 });
    expect(judgeFailure(patient, first)).toMatchObject({ kind: 'postponed', delayMs: 90_000 });
  });
});
