import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { fieldErrorsOf } from './field-errors.ts';

function told(schema: z.ZodType, value: unknown): string[] {
  const fitted = schema.safeParse(value);
  return fitted.success ? [] : fieldErrorsOf(fitted.error).map(({ path, message }) => `${path}: ${message}`);
}

describe('OD-9: what a client is told about its input', () => {
  const schema = z.strictObject({
    name: z.string().min(2).max(5),
    age: z.int().min(1).max(9),
    role: z.enum(['user', 'tool']),
    messages: z.array(
      z.strictObject({ content: z.union([z.string(), z.array(z.strictObject({ type: z.string() })), z.null()]) }),
    ),
    labels: z.record(z.string(), z.string()).optional(),
    mail: z.email().optional(),
  });
  const good = { name: 'abc', age: 3, role: 'user', messages: [] };

  it('names the path and what was expected there', () => {
    expect(told(schema, { ...good, name: 1, age: 10, role: 'root' })).toEqual([
      'name: Expected string.',
      'age: Too big: expected number to be <=9.',
      'role: Invalid option: expected one of "user"|"tool".',
    ]);
  });

  it('says when something is missing', () => {
    expect(told(schema, { name: 'abc' })).toEqual([
      'age: Expected number; it is missing.',
      'role: Invalid option: expected one of "user"|"tool".',
      'messages: Expected array; it is missing.',
    ]);
  });

  it('descends into the shape of a union that was meant', () => {
    expect(told(schema, { ...good, messages: [{ content: [{ type: 'text' }, {}] }] })).toEqual([
      'messages.0.content.1.type: Expected string; it is missing.',
    ]);
    expect(told(schema, { ...good, messages: [{ content: 7 }] })).toEqual([
      'messages.0.content: Expected string or array or null.',
    ]);
  });

  it('names an unknown member only if its name looks like one', () => {
    expect(told(schema, { ...good, naem: 1 })).toEqual(['naem: Expected nothing of this name.']);
    expect(told(schema, { ...good, sbx_live_0123456789abcdef0123456789abcdef: 1 })).toEqual([
      ': Expected no unknown member.',
    ]);
  });

  it('never repeats a value, a long key, or a pattern of what came in', () => {
    const canary = 'canary 8f14e45fceea167a with spaces and more than thirty-two characters';
    const everywhere = {
      name: canary,
      age: canary,
      role: canary,
      messages: [{ content: [{ type: 1, [canary]: canary }] }],
      labels: { [canary]: 7 },
      mail: canary,
      [canary]: canary,
    };
    expect(told(schema, everywhere).join(' ')).not.toContain('canary');
    expect(told(schema, everywhere).length).toBeGreaterThan(5);
  });

  it('stops after fifty mistakes', () => {
    expect(
      told(
        z.array(z.string()),
        Array.from({ length: 10_000 }, () => 1),
      ),
    ).toHaveLength(50);
  });
});
