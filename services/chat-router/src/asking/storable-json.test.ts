import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { storableJson } from './storable-json.ts';

describe('JSON for Postgres', () => {
  it('keeps every text but for what Postgres cannot hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (one, other) => {
        const read = JSON.parse(storableJson({ one: `${one}\\u0000\\\\`, [other]: 1 })) as Record<string, unknown>;
        expect(read['one'] ?? '').toBe(`${one.replaceAll('\0', '').toWellFormed()}\\u0000\\\\`);
      }),
    );
    expect(JSON.parse(storableJson({ a: '\ud800x\0' }))).toEqual({ a: '\ufffdx' });
  });
});
