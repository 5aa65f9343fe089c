import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import fc from 'fast-check';
import { compressSync } from 'snappy';
import { decompressSnappy } from './decompress-snappy.ts';

const bytesMax = 1_000_000;

describe('decompressing snappy', () => {
  it('gives back what another implementation compressed, whatever it was', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      // Runs, and what comes again from far behind: every kind of copy.
      fc
        .tuple(fc.nat(255), fc.integer({ min: 1, max: 5_000 }))
        .map(([byte, count]) => new Uint8Array(count).fill(byte)),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 400 }))
        .map(([bytes, times]) => new Uint8Array(Buffer.concat(Array<Uint8Array>(times).fill(bytes)))),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const original = Buffer.concat(pieces);
        expect(decompressSnappy(compressSync(original), bytesMax).equals(original)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses what says that it would be larger than allowed, before it makes anything', () => {
    const bomb = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00]);
    expect(() => decompressSnappy(bomb, bytesMax)).toThrow('at most');
    expect(() => decompressSnappy(compressSync(Buffer.alloc(2_000_000)), bytesMax)).toThrow('at most');
  });

  it('refuses what is no snappy, and never reads beyond it', () => {
    const refusesOrAnswers = (bytes: Buffer): void => {
      try {
        expect(decompressSnappy(bytes, bytesMax)).toBeInstanceOf(Buffer);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => refusesOrAnswers(Buffer.from(bytes))));
    const whole = compressSync(Buffer.from('signalbox '.repeat(50)));
    for (let length = 0; length < whole.length; length += 1)
      expect(() => decompressSnappy(whole.subarray(0, length), bytesMax)).toThrow(AppError);
    // A copy from before the beginning.
    expect(() => decompressSnappy(Buffer.from([4, 0b1, 1]), bytesMax)).toThrow(AppError);
    expect(() => decompressSnappy(Buffer.from([4, 0b1, 0]), bytesMax)).toThrow(AppError);
  });
});
