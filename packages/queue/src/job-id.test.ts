import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toJobId } from './job-id.ts';

describe('toJobId (S21)', () => {
  const anyId = fc.string({ minLength: 1, unit: 'binary' });
  const nearIds = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', '1', '~', ':', '3', ' ', 'ä') });

  it('gives ids that BullMQ takes, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(anyId, nearIds), (id) => {
        expect(toJobId(id)).toMatch(/^(?![0-9]+$)[\w.~-]+$/);
      }),
    );
  });

  it('never makes one id of two', () => {
    fc.assert(
      fc.property(fc.oneof(anyId, nearIds), fc.oneof(anyId, nearIds), (one, two) => {
        expect(toJobId(one) === toJobId(two)).toBe(one.toWellFormed() === two.toWellFormed());
      }),
      { numRuns: 1_000 },
    );
  });

  it('leaves our own ids as they are', () => {
    expect(toJobId('evt_01hx.chat-router')).toBe('evt_01hx.chat-router');
    expect(toJobId('123')).toBe('~3123');
    expect(toJobId('tenant a:b')).toBe('tenant~20a~3ab');
  });

  it('refuses an empty id', () => {
    expect(() => toJobId('')).toThrow('must not be empty');
  });
});
