import { describe, expect, it } from '@jest/globals';
import { AppError, toAppError } from './app-error.ts';
import { errorKinds } from './error-code.ts';

describe('AppError', () => {
  it('says what its code means unless it is told a sentence of its own', () => {
    expect(new AppError('not_found').message).toBe(errorKinds.not_found.title);
    expect(new AppError('not_found', 'There is no such key.').message).toBe('There is no such key.');
  });

  it('keeps its cause to itself and holds nothing that it was not given', () => {
    const cause = new Error('connection refused by 10.0.0.7');
    const error = new AppError('unavailable', undefined, { cause, retryAfterMs: 2_000 });
    expect(error).toMatchObject({ cause, retryAfterMs: 2_000, fields: [], details: {} });
    expect(error.message).not.toContain('10.0.0.7');
    expect('cause' in new AppError('conflict')).toBe(false);
  });

  it('takes itself as it is and makes anything else that is thrown a bug', () => {
    const own = new AppError('conflict');
    expect(toAppError(own)).toBe(own);
    for (const thrown of [new TypeError('x is undefined'), 'text', null]) {
      expect(toAppError(thrown)).toMatchObject({ code: 'internal', cause: thrown, message: errorKinds.internal.title });
    }
  });
});

describe('the closed list of codes', () => {
  it('has an error status, a code in capitals and a whole sentence for each', () => {
    for (const [code, kind] of Object.entries(errorKinds)) {
      expect([code, kind.status >= 400 && kind.status < 600]).toEqual([code, true]);
      expect(kind.errorCode).toMatch(/^[A-Z][A-Z_]+$/);
      expect(kind.title).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('has no two codes that a client could not tell apart', () => {
    const codes = Object.values(errorKinds).map((kind) => kind.errorCode);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
