import { describe, expect, it } from '@jest/globals';
import type * as contracts from '@signalbox/contracts';
import type { z } from 'zod';
import type { WireOperations } from '../src/wire.ts';

type Contracts = typeof contracts;
type Id = keyof WireOperations & keyof Contracts;
type Misfit<Part extends 'params' | 'query' | 'body'> = {
  [K in Id]: WireOperations[K][Part] extends null
    ? never
    : WireOperations[K][Part] extends z.input<Contracts[K][Part]>
      ? never
      : K;
}[Id];
/** Answers as the contracts read them, where an absent member may also be there and be undefined. */
type AnswerMisfit = {
  [K in Id]: Contracts[K]['response']['schema'] extends infer Schema
    ? Schema extends z.ZodType
      ? WireOperations[K]['answer'] extends z.output<Schema>
        ? never
        : K
      : never
    : never;
}[Id];

describe('the types of the wire (OD-9)', () => {
  it('are those of the contracts: what the client may send a contract takes, and what it gets is what one answers', () => {
    // The compiler is what keeps this promise: a misfit is named in its message.
    const misfits: [Misfit<'params'>[], Misfit<'query'>[], Misfit<'body'>[], AnswerMisfit[]] = [[], [], [], []];
    const none: [never[], never[], never[], never[]] = misfits;
    expect(none.flat()).toEqual([]);
  });
});
