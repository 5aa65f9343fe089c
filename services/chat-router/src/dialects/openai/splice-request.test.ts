import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { spliceRequest, type RequestSplice } from './splice-request.ts';

const splice = (text: string, given: RequestSplice = { set: { model: 'theirs' } }) =>
  spliceRequest(Buffer.from(text), given).toString();
const withOptions = (options: unknown) => ({ set: { model: 'theirs', stream_options: options } });

describe('splicing a request (LA-17)', () => {
  it('changes the model and not one other byte', () => {
    const before = '{ "seed": 12345678901234567890, "model" : "p/ours" ,"x":"\\u00e9\\"model\\":{", "n":1.50 }';
    expect(splice(before)).toBe(before.replace('"p/ours"', '"theirs"'));
  });

  it('adds the wish for usage, or puts it in place of what was said of it', () => {
    expect(splice('{"model":"a","stream":true}', withOptions({ include_usage: true }))).toBe(
      '{"model":"theirs","stream":true,"stream_options":{"include_usage":true}}',
    );
    expect(splice('{"stream_options":{"x":[1,{"model":"no"}]} ,"model":"a"}\n', withOptions({ x: 1 }))).toBe(
      '{"stream_options":{"x":1} ,"model":"theirs"}\n',
    );
    expect(splice('{"stream_options":null,"model":"a"}', withOptions({ x: 1 }))).toBe(
      '{"stream_options":{"x":1},"model":"theirs"}',
    );
  });

  it('knows a name however it is escaped', () => {
    expect(splice('{"mod\\u0065l":"a"}')).toBe('{"mod\\u0065l":"theirs"}');
  });

  it('gives members other names and takes members out, digits and all else as they were', () => {
    const given = { set: { model: 'theirs' }, rename: { seed: 'random_seed' }, remove: ['logprobs', 'absent'] };
    expect(splice('{ "logprobs": true, "seed": 12345678901234567890, "model": "a", "n": 1.50 }', given)).toBe(
      '{"random_seed":12345678901234567890,"n":1.50,"model":"theirs"}',
    );
    expect(splice('{"only":1}', { set: {}, remove: ['only'] })).toBe('{}');
    expect(
      splice('{"max_tokens":5,"max_completion_tokens":7}', {
        set: {},
        rename: { max_completion_tokens: 'max_tokens' },
      }),
    ).toBe('{"max_tokens":5}');
    expect(splice('{ "a" : 1 }', { set: {}, remove: ['b'] })).toBe('{ "a" : 1 }');
  });

  it('gives the same request as a parser would, for any request', () => {
    const request = fc.tuple(
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 6, noNullPrototype: true }),
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 6, noNullPrototype: true }),
      fc.constantFrom(0, 1, 2),
      fc.boolean(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(request, ([before, after, indent, options, removes]) => {
        const given = {
          ...before,
          gone: [1],
          model: 'ours',
          ...(options ? { stream_options: { y: 2 } } : {}),
          ...after,
        };
        given.model = 'ours';
        const text = JSON.stringify(given, null, indent);
        const done = splice(text, { ...withOptions({ x: 1 }), ...(removes ? { remove: ['gone'] } : {}) });
        const { gone, ...kept } = given as Record<string, unknown>;
        expect(JSON.parse(done)).toEqual(
          JSON.parse(
            JSON.stringify({ ...kept, ...(removes ? {} : { gone }), model: 'theirs', stream_options: { x: 1 } }),
          ),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});
