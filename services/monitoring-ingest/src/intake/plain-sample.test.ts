import { describe, expect, it } from '@jest/globals';
import { Sample } from '@signalbox/contracts';
import fc from 'fast-check';
import { isPlainSample } from './plain-sample.ts';

const full = {
  model_id: 'openai/gpt-5',
  model_type: 'llm',
  request_id: 'r-1',
  timestamp: '2026-02-28T23:59:59.123456Z',
  latency: 12.5,
  throughput: 3,
  error_rate: 0.5,
  resource_usage: { gpu_memory: 0.25, cpu_usage: 0.5, memory_usage: 1 },
  model_version: '2.1',
  environment: 'prod',
  time_to_first_token_ms: 0,
  input_tokens: 10,
  output_tokens: 20,
  cost_usd: 0.0000775,
  features: { amount: 1.5, country: 'de', known: true, age: null },
  prediction: 'fraud',
  score: 0.9,
  actual: 1,
  embedding: [0.5, -0.25],
  tags: { team: 'a\tb\\c\n', 'quote"': "'" },
};
const members = Object.keys(full) as (keyof typeof full)[];

/** What is at an edge of one member or another, and what is none at all. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    ...[0, -0, -1, 1, 1.5, 1.0000001, 5e-324, 3e38, 3.1e38, -3.1e38, 1e6, 1e6 + 0.5, 86_400_000, 86_400_000.5],
    ...[2 ** 53 - 1, 2 ** 53, 1.7e308, NaN, Infinity, -Infinity, true, false, null],
    ...['', 'a', 'llm', 'dev', 'toString', '__proto__', 'a\0b', 'a\x1f', 'a\x7f', 'a\x9f', 'é', '\u{1f600}', '\ud800'],
    ...[100, 101, 200, 201, 500, 501, 1_000, 1_001].map((length) => 'x'.repeat(length)),
    ...['2026-02-28T00:00:00Z', '2026-02-29T00:00:00Z', '2024-02-29T00:00:00Z', '2026-04-31T00:00:00Z'],
    ...['2026-01-01T24:00:00Z', '2026-01-01T00:00:60Z', '2026-01-01T00:00Z', '2026-01-01t00:00:00z', '2026-01-01'],
    ...['2026-01-01T00:00:00', '2026-01-01T00:00:00+02:00', '2026-01-01T00:00:00+0200', '2026-01-01T00:00:00+24:00'],
    ...['2026-01-01T00:00:00.Z', '2026-01-01T00:00:00,5Z', '2026-01-01T00:00:00Z\n', '0000-01-01T00:00:00-00:00'],
    ...[
      [],
      {},
      [0],
      [null],
      Array(4_096).fill(1),
      Array(4_097).fill(1),
      { cpu_usage: 0.5 },
      { cpu_usage: 2 },
      { disk: 1 },
    ],
    ...[50, 51, 1_000, 1_001].map((count) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${String(at)}`, 'v'])),
    ),
    { '': 'a' },
    { a: { b: 1 } },
    { 'a\0': 'b' },
    { 7: 'a' },
    { a: 1, b: 'c' },
    JSON.parse('{"__proto__":"a"}') as unknown,
    { constructor: 'a' },
    ...[100, 101, 200, 201].map((length) => ({ ['n'.repeat(length)]: 'a' })),
  ),
  fc.jsonValue(),
  fc.double(),
  fc.string({ unit: 'binary', maxLength: 210 }),
  fc.dictionary(fc.string({ maxLength: 4 }), fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null))),
);

const samples = fc
  .record({
    kept: fc.subarray(members),
    changed: fc.dictionary(
      fc.oneof({ weight: 9, arbitrary: fc.constantFrom<string>(...members) }, { weight: 1, arbitrary: fc.string() }),
      odd,
      {
        maxKeys: 2,
      },
    ),
  })
  .map(({ kept, changed }): unknown => ({
    model_id: 'm',
    model_type: 'cv',
    request_id: 'r',
    latency: 1,
    ...Object.fromEntries(kept.map((name) => [name, full[name]])),
    ...changed,
  }));

/** What is left to the schema although it may take it: days that only some months have, and what it leaves out. */
function isLeftToSchema(value: unknown): boolean {
  const { timestamp } = value as { timestamp?: unknown };
  const isRare =
    typeof timestamp === 'string' &&
    (/^\d{4}-\d\d-(29|30|31)T/.test(timestamp) || !/T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-])/.test(timestamp));
  return isRare || JSON.stringify(value).includes('"__proto__"');
}

describe('isPlainSample (MX-20)', () => {
  it('takes what the contract takes, and nothing else; rare days are left to the contract', () => {
    let taken = 0;
    fc.assert(
      fc.property(samples, (value) => {
        const parsed = Sample.safeParse(value);
        if (isPlainSample(value)) {
          taken += 1;
          expect(parsed).toEqual({ success: true, data: value });
        } else if (parsed.success) expect(isLeftToSchema(value)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it('judges each member at each of its edges as the contract does', () => {
    fc.assert(
      fc.property(fc.constantFrom(...members), odd, (name, value) => {
        const sample = { ...full, [name]: value };
        if (!isLeftToSchema(sample)) expect(isPlainSample(sample)).toBe(Sample.safeParse(sample).success);
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes a sample with everything in it, and knows every member that the contract knows', () => {
    expect(isPlainSample(full)).toBe(true);
    expect(members.toSorted()).toEqual(Object.keys(Sample.shape).toSorted());
  });

  it.each(['model_id', 'model_type', 'request_id', 'latency'] as const)('asks for %s', (name) => {
    const { [name]: _, ...others } = full;
    expect([isPlainSample(others), Sample.safeParse(others).success]).toEqual([false, false]);
  });

  it('takes what is no object for no sample', () => {
    expect([null, 'text', 1, [], [full]].filter(isPlainSample)).toEqual([]);
  });
});
