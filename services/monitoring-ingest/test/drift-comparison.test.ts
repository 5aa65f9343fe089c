import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DriftComparison } from '@signalbox/contracts';
import { agrees, goldenFigures } from './drift-golden.ts';
import { aCaller, startTestService, type TestService } from './harness.ts';

const path = '/api/v1/drift/compare';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

describe('POST /api/v1/drift/compare (MX-7)', () => {
  it('answers every figure of the sample file to 1e-9', async () => {
    const wrong: string[] = [];
    for (const { name, request, of, expected } of goldenFigures()) {
      const { status, body } = await service.post(path, request);
      if (status !== 200 || !agrees((body as DriftComparison)[of], expected)) wrong.push(name);
    }
    expect(wrong).toEqual([]);
  });

  it('lists its methods, each with the options and the defaults that it takes', async () => {
    const { body } = await service.get('/api/v1/drift/methods');
    const methods = body['data'] as { method: string; options: { name: string; default_value: unknown }[] }[];
    expect(methods.map(({ method }) => method)).toEqual(
      expect.arrayContaining(['psi', 'ks', 'chi_square', 'wasserstein', 'jensen_shannon', 'hellinger', 'kl', 'mmd']),
    );
    for (const { method, options } of methods) {
      const given = options
        .filter((option) => option.default_value !== null)
        .map((option) => [option.name, option.default_value]);
      const rows = {
        reference:
          method.includes('mmd') || method.includes('centroid')
            ? [
                [1, 2],
                [2, 3],
              ]
            : [1, 2],
      };
      if (method === 'new_categories') rows.reference = [];
      if (method === 'cbpe') rows.reference = [0.5];
      const kind = method === 'new_categories' ? { kind: 'categorical' } : {};
      const request = { method, ...rows, current: rows.reference, options: { ...Object.fromEntries(given), ...kind } };
      expect([method, (await service.post(path, request)).status]).toEqual([method, 200]);
    }
  });

  it('names the index of a bad value, and what was expected there (x05)', async () => {
    const { status, body } = await service.post(path, { method: 'ks', reference: ['1', 2, 'three'], current: [1] });
    expect([status, body['error_code']]).toEqual([400, 'VALIDATION_ERROR']);
    expect(body['errors']).toEqual([
      { path: 'reference.0', message: 'Expected a number or null.' },
      { path: 'reference.2', message: 'Expected a number or null.' },
    ]);
  });

  it('names an unknown method and an unknown option', async () => {
    const rows = { reference: [1], current: [2] };
    const first = await service.post(path, { method: 'guess', ...rows });
    expect((first.body['errors'] as { path: string }[])[0]?.path).toBe('method');
    const second = await service.post(path, { method: 'ks', ...rows, options: { colour: 1 } });
    expect((second.body['errors'] as { path: string }[])[0]?.path).toBe('options.colour');
  });

  it('takes counts of categories of any name, and numbers beyond what other bodies may hold (x06)', async () => {
    const body =
      '{"method": "chi_square", "reference_counts": {"__proto__": 5, "constructor": 5, "a": 10},' +
      ' "current_counts": {"__proto__": 1, "constructor": 9, "a": 10}}';
    const answer = await service.post(path, undefined, { body });
    expect(answer.body).toMatchObject({ details: { dof: 2, categories: ['__proto__', 'a', 'constructor'] } });
    const many = Array.from({ length: 120_000 }, (_, index) => (index * 7_919) % 10_007);
    const large = gzipSync(JSON.stringify({ method: 'ks', reference: many, current: many }));
    const headers = { 'content-encoding': 'gzip' };
    const equal = await service.post(path, undefined, { body: large, headers });
    expect(equal.body).toMatchObject({ statistic: 0, p_value: 1 });
  });

  it('writes Infinity as a word, for JSON has no other', async () => {
    const { body } = await service.post(path, { method: 'kl', reference: ['a', 'b'], current: ['a', 'a'] });
    expect(body).toMatchObject({ statistic: 'Infinity', p_value: null });
  });

  it('wants the scope metrics:read (MX-16)', async () => {
    const caller = aCaller({ scopes: ['chat:write'] });
    const rows = { method: 'ks', reference: [1], current: [2] };
    expect((await service.post(path, rows, { caller })).status).toBe(403);
    expect((await service.post(path, rows, { caller: aCaller({ scopes: ['metrics:read'] }) })).status).toBe(200);
  });
});
