import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallerIdentity } from '@signalbox/identity';
import { compressSync } from 'snappy';
import { aCaller, startTestService, type TestService } from './harness.ts';
import { writeRequestOf, type WrittenSeries } from './telemetry-senders.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const headers = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};

function write(series: readonly WrittenSeries[], caller: CallerIdentity): Promise<Response> {
  return send(compressSync(writeRequestOf(series)), caller);
}

function send(body: Buffer, caller: CallerIdentity): Promise<Response> {
  return service.fetch('/api/v1/write', { method: 'POST', body, headers }, caller);
}

const rowsOf = ({ principal }: CallerIdentity) =>
  service.query(
    'select time, metric, labels, value, kind, source from @points where tenant_id = $1 order by metric, time',
    [principal.tenantId],
  );

describe('Prometheus remote write 1.0 (B-24)', () => {
  it('stores every sample of every series, once however often the writer repeats it', async () => {
    const caller = aCaller();
    const now = Date.now();
    const series = [
      {
        labels: { __name__: 'vllm:requests_total', instance: 'a:9090', job: 'vllm' },
        samples: [
          [41, now - 15_000],
          [42.5, now],
        ],
      },
      { labels: { __name__: 'up', instance: 'a:9090' }, samples: [[1, now]] },
    ] as const;
    const answers = await Promise.all([write(series, caller), write(series, caller)]);
    answers.push(await write(series, caller));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    const labels = { instance: 'a:9090', job: 'vllm' };
    const source = 'remote_write';
    const metric = 'vllm:requests_total';
    expect(await rowsOf(caller)).toEqual([
      { time: new Date(now), metric: 'up', labels: { instance: 'a:9090' }, value: 1, kind: 'gauge', source },
      { time: new Date(now - 15_000), metric, labels, value: 41, kind: 'counter', source },
      { time: new Date(now), metric, labels, value: 42.5, kind: 'counter', source },
    ]);
  });

  it('stores what is good and answers 400 for the rest, which a writer does not repeat', async () => {
    const caller = aCaller();
    const now = Date.now();
    const answer = await write(
      [
        {
          labels: { __name__: 'm' },
          samples: [
            [1, now],
            [2, 0],
            [Infinity, now],
            // A series that has ended, and a value that there was none of.
            [Number.NaN, now],
          ],
        },
        { labels: { instance: 'nameless' }, samples: [[1, now]] },
      ],
      caller,
    );
    const problem = (await answer.json()) as Record<string, unknown>;
    expect([answer.status, problem['detail']]).toEqual([400, '3 samples were rejected, all others stored.']);
    expect((await rowsOf(caller)).map(({ value }) => value)).toEqual([1]);
  });

  it('refuses what is no snappy, no write request, or too large', async () => {
    const caller = aCaller();
    expect((await send(Buffer.from('plain text'), caller)).status).toBe(400);
    expect((await send(compressSync(Buffer.from([0x0a, 0xff])), caller)).status).toBe(400);
    expect((await send(compressSync(Buffer.alloc(30_000_000)), caller)).status).toBe(413);
    const json = { ...headers, 'content-type': 'application/json' };
    const other = await service.fetch('/api/v1/write', { method: 'POST', body: '{}', headers: json }, caller);
    expect(other.status).toBe(415);
  });
});
