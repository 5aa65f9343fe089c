import { describe, expect, it } from '@jest/globals';
import type { Attributes, SpanRow } from '../intake/rows.ts';
import { bucketsOf } from './exponential-buckets.ts';
import { createPriceCall } from './price-call.ts';
import { sampleOfSpan } from './sample-of-span.ts';

function aSpan(attributes: Attributes, more: Partial<SpanRow> = {}): SpanRow {
  return {
    timeMs: 1_000,
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    parentSpanId: null,
    name: 'call',
    kind: 'client',
    service: 'shop',
    status: 'unset',
    statusMessage: null,
    durationMs: 12.5,
    attributes,
    resource: {},
    events: null,
    ...more,
  };
}

const sampleOf = (attributes: Attributes, more: Partial<SpanRow> = {}) =>
  sampleOfSpan(aSpan(attributes, more), createPriceCall());

describe('a span that calls a model', () => {
  it.each<[string, Attributes]>([
    [
      'GenAI, as it is',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'm',
        'gen_ai.usage.input_tokens': 10,
        'gen_ai.usage.output_tokens': 5,
      },
    ],
    [
      'GenAI, as it was',
      {
        'gen_ai.system': 'openai',
        'gen_ai.request.model': 'm',
        'gen_ai.usage.prompt_tokens': 10,
        'gen_ai.usage.completion_tokens': 5,
      },
    ],
    [
      'what was in use before',
      {
        'llm.vendor': 'openai',
        'llm.request.model': 'm',
        'llm.usage.prompt_tokens': 10,
        'llm.usage.completion_tokens': 5,
      },
    ],
    [
      'OpenInference',
      {
        'llm.provider': 'openai',
        'llm.model_name': 'm',
        'llm.token_count.prompt': 10,
        'llm.token_count.completion': 5,
      },
    ],
  ])('is one sample by the conventions of %s', (_what, attributes) => {
    expect(sampleOf(attributes)).toMatchObject({
      modelId: 'm',
      modelType: 'llm',
      requestId: `${'a'.repeat(32)}:${'b'.repeat(16)}`,
      latencyMs: 12.5,
      inputTokens: 10,
      outputTokens: 5,
      errorRate: 0,
      tags: { provider: 'openai', service: 'shop' },
    });
  });

  it('takes the newer name where both are there, and adds nothing up', () => {
    const both = {
      'gen_ai.request.model': 'm',
      'gen_ai.usage.input_tokens': 17_903,
      'gen_ai.usage.prompt_tokens': 86,
      'gen_ai.usage.cache_read.input_tokens': 17_817,
      'gen_ai.usage.cache_read_input_tokens': 17_817,
    };
    expect(sampleOf(both)?.inputTokens).toBe(17_903);
  });

  it('costs what the price table says, cached tokens once and at their own price, unless it says so itself', () => {
    const timeMs = Date.parse('2026-11-01T12:00:00Z');
    const call = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.response.model': 'gpt-5-of-another-day',
      'gen_ai.usage.input_tokens': 17_903,
      'gen_ai.usage.cache_read.input_tokens': 17_817,
      'gen_ai.usage.output_tokens': 40,
    };
    // 86 at 1.25, 17,817 at 0.125 and 40 at 10 dollars a million.
    const priced = sampleOf(call, { timeMs });
    expect(priced?.costNanos).toBe(107_500n + 2_227_125n + 400_000n);
    expect(priced?.tags).toMatchObject({ price_version: expect.stringMatching(/^registry /) });
    const stated = sampleOf({ ...call, 'gen_ai.usage.cost': 0.5 }, { timeMs });
    expect([stated?.costNanos, stated?.tags?.['price_version']]).toEqual([500_000_000n, undefined]);
    const embedding = { 'gen_ai.operation.name': 'embeddings', 'gen_ai.system': 'openai' };
    const tokens = { 'gen_ai.request.model': 'text-embedding-3-small', 'gen_ai.usage.input_tokens': 1_000_000 };
    expect(sampleOf({ ...embedding, ...tokens }, { timeMs })?.costNanos).toBeGreaterThan(0n);
  });

  it.each<[string, Attributes, number]>([
    ['at somebody whose prices nobody knows', { 'gen_ai.provider.name': 'azure.ai.openai' }, 0],
    ['of a model that nobody knows', { 'gen_ai.request.model': 'gpt-unheard-of' }, 0],
    ['whose answer was counted by nobody', { 'gen_ai.usage.output_tokens': 'none' }, 0],
    ['of a day before the table begins', {}, Date.parse('2020-01-01T00:00:00Z')],
  ])('has no cost %s', (_what, attributes, at) => {
    const timeMs = at === 0 ? Date.parse('2026-11-01T12:00:00Z') : at;
    const call = {
      ...{ 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-5' },
      ...{ 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 10 },
    };
    expect(sampleOf({ ...call, ...attributes }, { timeMs })?.costNanos).toBeNull();
  });

  it.each<[string, Attributes]>([
    ['a tool', { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.request.model': 'm' }],
    ['an agent around several calls', { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.request.model': 'm' }],
    ['anything without a model', { 'gen_ai.operation.name': 'chat' }],
    ['a model that no id can be', { 'gen_ai.request.model': 'm\n' }],
    ['a model that is no text', { 'gen_ai.request.model': 7 }],
  ])('is not %s', (_what, attributes) => {
    expect(sampleOf(attributes)).toBeNull();
  });

  it('counts what failed, and leaves out numbers that are none', () => {
    const attributes = {
      'gen_ai.request.model': 'm',
      'gen_ai.usage.input_tokens': -1,
      'gen_ai.usage.output_tokens': 'many',
      'gen_ai.usage.cost': 1e12,
      'error.type': 'timeout',
    };
    expect(sampleOf(attributes, { durationMs: 0 })).toMatchObject({
      inputTokens: null,
      outputTokens: null,
      costNanos: null,
      errorRate: 1,
      latencyMs: 0.001,
    });
    expect(sampleOf({ 'gen_ai.request.model': 'm' }, { status: 'error' })?.errorRate).toBe(1);
  });
});

describe('an exponential histogram', () => {
  const point = { attributes: [], timeUnixNano: 1, count: 1, sum: 1, min: 1, max: 1, flags: 0, zeroThreshold: 0 };

  it('has its bounds written out, below zero and above', () => {
    const buckets = bucketsOf({
      ...point,
      scale: 0,
      zeroCount: 7,
      positive: { offset: 1, bucketCounts: [1, 2] },
      negative: { offset: 0, bucketCounts: [3] },
    });
    // From -2 to -1 three, around zero seven, from 2 to 4 one, from 4 to 8 two.
    expect(buckets).toEqual({ bounds: [-2, -1, 2, 4, 8], counts: [0, 3, 7, 1, 2, 0] });
  });

  it('may hold zeros alone, or nothing above them', () => {
    const zeros = { ...point, scale: 3, zeroCount: 4, positive: undefined, negative: undefined };
    expect(bucketsOf(zeros)).toEqual({ bounds: [0], counts: [4, 0] });
    expect(bucketsOf({ ...zeros, scale: 1, negative: { offset: 0, bucketCounts: [2] } })).toEqual({
      bounds: [-Math.SQRT2, -1],
      counts: [0, 2, 4],
    });
  });

  it('is none where a bound is beyond what a double holds, or there are too many', () => {
    const huge = { ...point, zeroCount: 0, negative: undefined };
    expect(bucketsOf({ ...huge, scale: -10, positive: { offset: 5, bucketCounts: [1] } })).toBeNull();
    expect(
      bucketsOf({ ...huge, scale: 20, positive: { offset: 0, bucketCounts: Array<number>(3_000).fill(1) } }),
    ).toBeNull();
  });
});
