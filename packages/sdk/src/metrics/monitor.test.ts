import { describe, expect, it } from '@jest/globals';
import { monitor, startTimer } from './monitor.ts';
import type { SampleInput } from './sample.ts';

const details = { model_id: 'fraud-v2', model_type: 'tabular' } as const;

function recorder(): { samples: SampleInput[]; record: (sample: SampleInput) => void } {
  const samples: SampleInput[] = [];
  return { samples, record: (sample) => samples.push(sample) };
}

describe('monitor() (MX-25)', () => {
  it('gives what the function gives, with its this, arguments, name and all, and records how long it took', () => {
    const { samples, record } = recorder();
    const result = { deep: [1] };
    const scorer = {
      bias: 2,
      score: monitor(
        record,
        function add(this: { bias: number }, a: number, b: number) {
          return a + b + this.bias === 6 ? result : null;
        },
        details,
      ),
    };
    expect(scorer.score(1, 3)).toBe(result);
    expect(scorer.score.name).toBe('add');
    expect(samples).toEqual([
      { ...details, error_rate: 0, latency: expect.any(Number), timestamp: expect.any(String) },
    ]);
    expect(samples[0]?.latency).toBeGreaterThan(0);
  });

  it('throws what the function throws, the very same thing', () => {
    const { samples, record } = recorder();
    const reason = new RangeError('no');
    const failing = monitor(
      record,
      () => {
        throw reason;
      },
      details,
    );
    let caught: unknown;
    try {
      failing();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe(reason);
    expect(samples).toMatchObject([{ error_rate: 1 }]);
  });

  it('waits for a promise, gives its value and throws its reason, the very same', async () => {
    const { samples, record } = recorder();
    const value = {};
    const reason = new Error('no');
    expect(await monitor(record, async () => value, details)()).toBe(value);
    await expect(monitor(record, async () => Promise.reject(reason), details)()).rejects.toBe(reason);
    expect(samples.map(({ error_rate: rate }) => rate)).toEqual([0, 1]);
  });

  it("gives somebody's own kind of promise back itself, and leaves a query alone until it is awaited", async () => {
    const { samples, record } = recorder();
    class Request extends Promise<number> {
      asResponse = () => 'response';
    }
    const request = new Request((resolve) => resolve(7));
    const given = monitor(record, () => request, details)();
    expect(given).toBe(request);
    expect(await given).toBe(7);
    let runs = 0;
    const query = {
      then: (done: (rows: string[]) => void) => {
        runs += 1;
        done(['row']);
      },
    };
    expect(monitor(record, () => query, details)()).toBe(query);
    expect([runs, samples.length]).toEqual([0, 2]);
  });

  it('reads more from the result, and is not troubled when that, or the recording, throws', async () => {
    const { samples, record } = recorder();
    const answer = async () => ({ usage: 12 });
    await monitor(record, answer, { ...details, describe: ({ usage }) => ({ output_tokens: usage }) })();
    expect(samples).toMatchObject([{ output_tokens: 12 }]);
    const throwing = () => {
      throw new Error('telemetry is down');
    };
    expect(await monitor(record, answer, { ...details, describe: throwing })()).toEqual({ usage: 12 });
    expect(await monitor(throwing, answer, details)()).toEqual({ usage: 12 });
    expect(monitor(throwing, () => 3, details)()).toBe(3);
  });
});

describe('startTimer() (MX-25)', () => {
  it('records once, with what is known at the end, and gives the time that passed', () => {
    const { samples, record } = recorder();
    const timer = startTimer(record, { ...details, tags: { team: 'risk' } });
    expect(timer.stop({ prediction: 'ok' })).toBeGreaterThanOrEqual(0);
    timer.stop();
    timer.fail();
    expect(samples).toMatchObject([{ ...details, tags: { team: 'risk' }, prediction: 'ok', error_rate: 0 }]);
    startTimer(record, details).fail();
    expect(samples[1]).toMatchObject({ error_rate: 1 });
  });
});
