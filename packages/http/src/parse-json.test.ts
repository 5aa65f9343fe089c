import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import fc from 'fast-check';
import { parseJson } from './parse-json.ts';

const limits = { depthMax: 64, keysMax: 10_000, valuesMax: 100_000 };
const parse = (text: string | Buffer): unknown => parseJson(Buffer.from(text as string), limits);

function refusal(text: string | Buffer): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof AppError && error.code === 'validation_failed') return error.fields[0]?.message ?? '';
    throw error;
  }
  return 'accepted';
}

describe('S1: parseJson', () => {
  it('gives back what JSON.parse does for every value without doubled names', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 20, noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(
          !text.includes('__proto__') && !text.includes('\\u0000') && text.isWellFormed() && !/\\ud[89a-f]/i.test(text),
        );
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never throws anything but validation_failed, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        refusal(Buffer.from(bytes));
      }),
    );
  });

  it('refuses nesting above 64 levels, objects and arrays alike, and not one less', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(refusal(nested(64))).toBe('accepted');
    expect(refusal(nested(65))).toBe('Expected at most 64 levels of nesting.');
    expect(refusal('{"a":'.repeat(65) + '1' + '}'.repeat(65))).toBe('Expected at most 64 levels of nesting.');
    expect(refusal('['.repeat(100_000))).toBe('Expected at most 64 levels of nesting.');
  });

  it('refuses more than 10,000 members and counts none inside strings', () => {
    const object = (members: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: members }, (_, index) => [`k${String(index)}`, 1])));
    expect(refusal(object(10_000))).toBe('accepted');
    expect(refusal(object(10_001))).toBe('Expected at most 10000 members.');
    expect(refusal(JSON.stringify({ text: '{[:'.repeat(50_000), quoted: '\\":"\\' }))).toBe('accepted');
  });

  it('refuses more than 100,000 values before it builds any, and counts none inside strings', () => {
    const array = (values: number): string => `[${'[],'.repeat(values - 1)}[]]`;
    expect(refusal(array(100_000))).toBe('accepted');
    expect(refusal(array(100_001))).toBe('Expected at most 100000 values.');
    expect(refusal(JSON.stringify([','.repeat(200_000)]))).toBe('accepted');
    const cpu = process.cpuUsage();
    expect(refusal(array(6_000_000))).toBe('Expected at most 100000 values.');
    expect(process.cpuUsage(cpu).user / 1_000).toBeLessThan(250);
  });

  it('refuses a member that stands twice in one object, at any depth, however it is spelt', () => {
    expect(refusal('{"model":"cheap","model":"dear"}')).toBe('Expected no member twice in one object.');
    expect(refusal('{"a":[{"b":1,"\\u0062":2}]}')).toBe('Expected no member twice in one object.');
    expect(refusal('{"a":{"b":1},"b":{"b":1}}')).toBe('accepted');
  });

  it.each([
    ['1e400', 'Expected no number beyond 1.8e308.'],
    ['{"a":-1e400}', 'Expected no number beyond 1.8e308.'],
    ['"\\ud800"', 'Expected no lone surrogate.'],
    ['{"\\udc00":1}', 'Expected no lone surrogate.'],
    ['{"a":"\\u0000"}', 'Expected no NUL character.'],
    ['{"__proto__":{"admin":true}}', 'Expected no member named __proto__.'],
    ['{"a":{"__proto__":1}}', 'Expected no member named __proto__.'],
    ['"\\ud83d\\ude00"', 'accepted'],
    ['-0', 'accepted'],
    ['{"constructor":{"prototype":{"x":1}}}', 'accepted'],
  ])('%s: %s', (text, expected) => {
    expect(refusal(text)).toBe(expected);
  });

  // The n_ cases of JSONTestSuite, in kind.
  it.each([
    '',
    ' ',
    '[1,]',
    '[,1]',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    '[1',
    '{"a"',
    '{"a":',
    '"\t"',
    '"\\x"',
    '"\\u12"',
    '01',
    '-',
    '+1',
    '1.',
    '.5',
    '1e',
    'NaN',
    'Infinity',
    'tru',
    'nul',
    '[] []',
    '{}}',
    ']',
    '"',
    '\\',
    '/*c*/1',
    '\uFEFF{}',
    '"\\',
    '[1]\u0000',
  ])('refuses %j without quoting it', (text) => {
    expect(refusal(text)).toBe('Expected JSON.');
  });

  it('takes a 2 MB text in linear time, hostile ones included', () => {
    const size = 2_000_000;
    for (const text of [
      '"' + '\\"'.repeat(size / 2) + '"',
      '['.repeat(size),
      '{"a":'.repeat(size / 5),
      '[' + '1,'.repeat(size / 2) + '1]',
    ]) {
      const bytes = Buffer.from(text);
      const before = process.cpuUsage();
      refusal(bytes);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1_000).toBeLessThan(1_000);
    }
  });

  it('leaves the prototype of every object alone', () => {
    refusal('{"__proto__":{"polluted":true}}');
    refusal('{"constructor":{"prototype":{"polluted":true}}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
