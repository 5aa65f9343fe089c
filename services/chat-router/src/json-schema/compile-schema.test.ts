import { describe, expect, it } from '@jest/globals';
import { createSchemaCompiler, type CompiledSchema } from './compile-schema.ts';

const compileSchema = createSchemaCompiler();

function compiled(schema: Record<string, unknown>): CompiledSchema {
  const compilation = compileSchema(schema);
  if (compilation.kind === 'refused') throw new Error(compilation.reason);
  return compilation.schema;
}

describe('a JSON Schema that somebody gave (OD-26, LA-15)', () => {
  it('judges values, and names what does not fit', () => {
    const schema = compiled({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: { total: { $ref: '#/definitions/amount' }, kind: { enum: ['a', 'b'] } },
      required: ['total'],
      additionalProperties: false,
      definitions: { amount: { type: 'number', minimum: 0 } },
    });
    expect(schema.errorsOf({ total: 3, kind: 'a' })).toEqual([]);
    expect(schema.errorsOf({ total: -1 })).toEqual([{ path: 'total', message: 'must be >= 0' }]);
    expect(schema.errorsOf({})[0]?.message).toContain('total');
    expect(schema.errorsOf({ total: 1, more: 1 })[0]?.message).toContain('more');
  });

  it.each([
    ['a type that is none', { type: 'surely-not' }],
    ['a reference to outside', { $ref: 'https://example.com/schema.json' }],
    ['a pattern that is none', { type: 'string', pattern: '(' }],
    ['too long', { description: 'x'.repeat(70_000) }],
  ])('%s is refused, with a reason', (_name, schema) => {
    expect(compileSchema(schema)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('Expected') });
  });

  it('S13: a pattern that would run for ever does not match, soon', () => {
    const schema = compiled({ type: 'string', pattern: '^(a+)+$' });
    const from = performance.now();
    expect(schema.errorsOf(`${'a'.repeat(50_000)}!`)).toHaveLength(1);
    expect(performance.now() - from).toBeLessThan(500);
    expect(schema.errorsOf('aaa')).toEqual([]);
  });

  it.each([
    ['leads round in circles', { $ref: '#' }, 1],
    [
      'doubles its work with every step',
      {
        $ref: '#/$defs/s0',
        $defs: Object.fromEntries(
          Array.from({ length: 40 }, (_none, step) => {
            const next = { $ref: `#/$defs/s${String(step + 1)}` };
            return [`s${String(step)}`, step === 39 ? { type: 'object' } : { anyOf: [{ allOf: [next, false] }, next] }];
          }),
        ),
      },
      {},
    ],
    [
      'doubles its work with every level of the value',
      { properties: { a: { allOf: [{ $ref: '#' }, { $ref: '#' }] } } },
      JSON.parse('{"a":'.repeat(60) + '1' + '}'.repeat(60)) as unknown,
    ],
  ])('S13: one that %s holds nobody up', (_name, schema, value) => {
    const from = performance.now();
    const compilation = compileSchema(schema);
    if (compilation.kind === 'compiled') {
      expect(compilation.schema.errorsOf(value)).toEqual([
        { path: '', message: expect.stringContaining('leads too far') },
      ]);
    }
    expect(performance.now() - from).toBeLessThan(20_000);
  });

  it('S12: sees no member that a value has not got itself, and two schemas of one name do not meet', () => {
    expect(compiled({ $id: 'x', required: ['toString'] }).errorsOf({})).toHaveLength(1);
    expect(compiled({ $id: 'x', type: 'object' }).errorsOf({})).toEqual([]);
  });
});
