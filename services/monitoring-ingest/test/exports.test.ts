import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportColumns } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { parquetReadObjects } from 'hyparquet';
import { aCaller, startTestService, type TestService } from './harness.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

type Caller = ReturnType<typeof aCaller>;

const hourMs = 3_600_000;
const hour = Math.floor(Date.now() / hourMs) * hourMs - 2 * hourMs;
const iso = (at: number) => new Date(at).toISOString();
const span = `from=${iso(hour)}&to=${iso(hour + hourMs)}`;

async function download(caller: Caller, query: string): Promise<string> {
  const answer = await service.fetch(`/api/v1/metrics/export?${span}&${query}`, {}, caller);
  expect(answer.status).toBe(200);
  return answer.text();
}

/** The records of a CSV, by RFC 4180. */
function recordsOf(text: string): string[][] {
  const records: string[][] = [[]];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/gy;
  for (let match = cell.exec(text); match !== null; match = cell.exec(text)) {
    const [, raw = '', end] = match;
    records.at(-1)?.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (end === '\r\n') records.push([]);
  }
  expect(records.pop()).toEqual([]);
  return records;
}

const full = {
  model_id: 'a/b',
  model_type: 'tabular',
  request_id: 'r1',
  timestamp: iso(hour + 1),
  latency: 12.25,
  throughput: 3,
  error_rate: 0,
  model_version: '2',
  environment: 'prod',
  time_to_first_token_ms: 1.5,
  input_tokens: 7,
  output_tokens: 0,
  cost_usd: 0.000000001,
  score: 0.5,
  prediction: '=HYPERLINK("http://evil")',
  actual: 'a,"b"\nc',
  features: { age: 7, city: null, ok: true, name: 'x' },
  embedding: [0.5, -0.25],
  tags: { region: 'eu', note: '+1' },
  resource_usage: { gpu_memory: 0.5, cpu_usage: 0, memory_usage: 1 },
};
const bare = { model_id: 'm', model_type: 'llm', request_id: 'r2', timestamp: iso(hour + 2), latency: 1 };

describe('GET /api/v1/metrics/export (MX-27, MX-28)', () => {
  it('writes RFC 4180 with stable columns, and nothing that a spreadsheet would execute', async () => {
    const caller = aCaller();
    await service.post('/api/v1/metrics/batch', { items: [full, bare] }, { caller });
    const answer = await service.fetch(`/api/v1/metrics/export?${span}`, {}, caller);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="metrics_\d{8}T\d{6}\.csv"$/);
    const [header, first, second, ...more] = recordsOf(await answer.text());
    expect(header).toEqual([...exportColumns]);
    expect(more).toEqual([]);
    const cells = Object.fromEntries(exportColumns.map((column, index) => [column, first?.[index]]));
    expect(cells).toEqual({
      model_id: 'a/b',
      model_type: 'tabular',
      request_id: 'r1',
      timestamp: iso(hour + 1),
      latency: '12.25',
      throughput: '3',
      error_rate: '0',
      gpu_memory: '0.5',
      cpu_usage: '0',
      memory_usage: '1',
      model_version: '2',
      environment: 'prod',
      time_to_first_token_ms: '1.5',
      input_tokens: '7',
      output_tokens: '0',
      cost_usd: '1e-9',
      score: '0.5',
      prediction: `'=HYPERLINK("http://evil")`,
      actual: 'a,"b"\nc',
      features: expect.any(String),
      embedding: '[0.5,-0.25]',
      tags: expect.any(String),
    });
    expect(JSON.parse(cells['features'] ?? '')).toEqual(full.features);
    expect(JSON.parse(cells['tags'] ?? '')).toEqual(full.tags);
    expect(second?.filter((cell) => cell !== '')).toEqual(['m', 'llm', 'r2', iso(hour + 2), '1']);
  });

  it('writes in JSON and NDJSON what intake takes: what is imported again is the same', async () => {
    const caller = aCaller();
    await service.post('/api/v1/metrics/batch', { items: [full, bare] }, { caller });
    const json = await download(caller, 'format=json');
    const ndjson = await download(caller, 'format=ndjson');
    expect(JSON.parse(json)).toEqual({ items: [full, bare] });
    expect(
      ndjson
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([full, bare]);

    for (const [body, contentType, format] of [
      [json, 'application/json', 'json'],
      [ndjson, 'application/x-ndjson', 'ndjson'],
    ] as const) {
      const other = aCaller();
      const imported = await service.fetch(
        '/api/v1/metrics/batch',
        { method: 'POST', body, headers: { 'content-type': contentType } },
        other,
      );
      expect(imported.status).toBe(201);
      expect(await download(other, `format=${format}`)).toBe(body);
    }
  });

  it('writes Parquet with the columns of the CSV, typed, and texts as they are', async () => {
    const caller = aCaller();
    await service.post('/api/v1/metrics/batch', { items: [full, bare] }, { caller });
    const answer = await service.fetch(`/api/v1/metrics/export?${span}&format=parquet`, {}, caller);
    expect(answer.headers.get('content-type')).toBe('application/vnd.apache.parquet');
    expect(answer.headers.get('content-disposition')).toMatch(/\.parquet"$/);
    const [first, second, ...more] = await parquetReadObjects({ file: await answer.arrayBuffer() });
    const { resource_usage: usage, ...others } = full;
    const time = (at: number) => new Date(hour + at);
    expect(first).toEqual({ ...others, ...usage, timestamp: time(1), input_tokens: 7n, output_tokens: 0n });
    const absent = Object.fromEntries(exportColumns.map((column) => [column, null]));
    expect(second).toEqual({ ...absent, ...bare, timestamp: time(2) });
    expect(more).toEqual([]);
  });

  it('writes the same 100,000 rows in each format, each once and in order', async () => {
    const caller = aCaller();
    // Unevenly: most in one second, many at one moment, the rest over the hour.
    await service.query(
      `insert into @samples (time, tenant_id, model_id, request_id, model_type, latency_ms, tags, source, seq)
        select case when n <= 50000 then $2::timestamptz + (n % 1000) * interval '1 millisecond'
          when n <= 60000 then $2::timestamptz + interval '1 minute'
          else $2::timestamptz + (n % 3600) * interval '1 second' end,
        $1, 'm' || n % 3, 'r' || n, 'llm', n, '{"a": "b"}', 'api', nextval('@row_seq')
        from generate_series(1, 100000) as n`,
      [caller.principal.tenantId, iso(hour)],
    );
    const csv = recordsOf(await download(caller, 'format=csv')).slice(1);
    const column = exportColumns.indexOf('request_id');
    const ids = csv.map((record) => record[column]);
    expect(ids.length).toBe(100_000);
    expect(new Set(ids).size).toBe(100_000);
    const times = csv.map((record) => record[exportColumns.indexOf('timestamp')] ?? '');
    expect(times.every((time, index) => index === 0 || (times[index - 1] ?? '') <= time)).toBe(true);
    const idsOf = (rows: unknown[]) => rows.map((row) => (row as { request_id: string }).request_id);
    const json = JSON.parse(await download(caller, 'format=json')) as { items: unknown[] };
    expect(idsOf(json.items)).toEqual(ids);
    const lines = (await download(caller, 'format=ndjson')).trimEnd().split('\n');
    expect(idsOf(lines.map((line) => JSON.parse(line) as unknown))).toEqual(ids);
    const parquet = await service.fetch(`/api/v1/metrics/export?${span}&format=parquet`, {}, caller);
    const file = await parquet.arrayBuffer();
    expect(idsOf(await parquetReadObjects({ file, columns: ['request_id'] }))).toEqual(ids);
    const one = recordsOf(await download(caller, 'format=csv&model_id=m1')).slice(1);
    expect(one.length).toBe(33_334);
  });

  it('writes a header, an empty list or nothing where there are no rows', async () => {
    const caller = aCaller();
    expect(recordsOf(await download(caller, 'format=csv'))).toEqual([[...exportColumns]]);
    expect(JSON.parse(await download(caller, 'format=json'))).toEqual({ items: [] });
    expect(await download(caller, 'format=ndjson')).toBe('');
    const parquet = await service.fetch(`/api/v1/metrics/export?${span}&format=parquet`, {}, caller);
    expect(await parquetReadObjects({ file: await parquet.arrayBuffer() })).toEqual([]);
  });

  it("has nothing of another tenant's, and refuses what it does not know", async () => {
    const [one, other] = [aCaller(), aCaller()];
    await service.post('/api/v1/metrics/batch', { items: [{ ...bare, request_id: newId('req') }] }, { caller: one });
    expect(await download(other, 'format=ndjson')).toBe('');
    for (const [query, path] of [
      ['format=xlsx', 'format'],
      [`from=${iso(hour)}&to=${iso(hour)}`, 'to'],
      ['from=now', 'from'],
      ['page=1', 'page'],
    ] as const) {
      const answer = await service.get(`/api/v1/metrics/export?${query}`);
      expect([query, answer.status, answer.body['errors']]).toEqual([query, 400, [expect.objectContaining({ path })]]);
    }
    const { status } = await service.get(`/api/v1/metrics/export?${span}`, aCaller({ scopes: ['chat:read'] }));
    expect(status).toBe(403);
  });
});
