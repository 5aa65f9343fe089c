import { describe, expect, it } from '@jest/globals';
import type { RoutingStrategy } from '@signalbox/contracts';
import fc from 'fast-check';
import { parseUsd } from '../money/nano-usd.ts';
import { unknownFacts, type ModelFacts } from './model-facts.ts';
import { lackOf, planRoute, type PlannedConnection, type RouteQuestion, type RouteView } from './plan-route.ts';
import type { RequestFacts } from './request-facts.ts';
import { modelId } from './target.ts';

const price = (input: string, output: string): ModelFacts['price'] => ({
  prices: { input: parseUsd(input), output: parseUsd(output), cachedInput: null, cacheWrite: null, reasoning: null },
  longInput: null,
  version: 'test',
});
const able = { vision: true, tools: true, jsonSchema: true, reasoning: true };
const plain = { vision: false, tools: false, jsonSchema: false, reasoning: false };

function connection(
  name: string,
  models: Record<string, Partial<ModelFacts>>,
  missing: string | null = null,
): PlannedConnection {
  return {
    id: `connection_${name}`,
    provider: { name, models: Object.keys(models), missingSetting: missing },
    factsOf: (model) => ({ ...unknownFacts, ...models[model] }),
  };
}

const connections = [
  connection('openai', {
    large: { ...able, contextTokensMax: 100_000, quality: 90, price: price('2', '8') },
    small: { ...plain, tools: true, contextTokensMax: 8_000, quality: 50, price: price('0.2', '0.8') },
  }),
  connection('anthropic', { opus: { ...able, contextTokensMax: 200_000, quality: 95, price: price('5', '25') } }),
  connection('local', { llama: {} }),
  connection('dark', { hidden: able }, 'DARK_API_KEY'),
];
const facts: RequestFacts = {
  model: 'any',
  needs: { vision: false, tools: false, jsonSchema: false, reasoning: false },
  inputCharacters: 400,
  messages: 1,
  images: 0,
  outputTokensMax: 100,
  metadata: {},
  isDeterministic: false,
};
const needing = (needs: Partial<RequestFacts['needs']>): RequestFacts => ({
  ...facts,
  needs: { ...facts.needs, ...needs },
});
const question = (overrides: Partial<RouteQuestion> = {}): RouteQuestion => ({
  requested: 'openai/large',
  operation: 'chat',
  profile: null,
  facts,
  strategy: null,
  sticky: false,
  conversationId: null,
  streamed: false,
  ...overrides,
});
const view = (overrides: Partial<RouteView> = {}): RouteView => ({
  connections,
  restsMs: () => 0,
  firstTokenMs: () => null,
  exploration: 0,
  advisedAgainst: () => null,
  random: () => 0.5,
  ...overrides,
});
const everyone = ['openai/large', 'openai/small', 'anthropic/opus', 'local/llama'];
const order = (overrides: Partial<RouteQuestion>, seen: Partial<RouteView> = {}): string[] => {
  const plan = planRoute(question(overrides), view(seen));
  return plan.kind === 'planned' ? plan.candidates.map(({ target }) => modelId(target)) : [plan.kind];
};
const by = (strategy: RoutingStrategy, seen: Partial<RouteView> = {}, more: Partial<RouteQuestion> = {}) =>
  order({ profile: { models: everyone, strategy }, ...more }, seen);

describe('LA-16: planning a route', () => {
  it('takes a model by its name, alone, and says so', () => {
    expect(planRoute(question(), view())).toMatchObject({
      kind: 'planned',
      strategy: 'priority',
      candidates: [{ connectionId: 'connection_openai', target: { provider: 'openai', model: 'large' } }],
      reason: 'asked for by name',
    });
  });

  it('says why a name leads nowhere', () => {
    expect(planRoute(question({ requested: 'gpt-0' }), view())).toEqual({ kind: 'unknown', model: 'gpt-0' });
    // OD-27: among several, it is passed over like whoever cannot do it.
    const profile = { models: ['gpt-0', 'dark/hidden', 'openai/large'], strategy: 'priority' as const };
    expect(planRoute(question({ profile }), view())).toMatchObject({
      kind: 'planned',
      candidates: [{ target: { provider: 'openai', model: 'large' } }],
      skipped: [
        { model: 'gpt-0', reason: 'does not exist here' },
        { model: 'dark/hidden', reason: 'is not configured' },
      ],
    });
    expect(planRoute(question({ requested: 'dark/hidden' }), view())).toMatchObject({ kind: 'not_configured' });
    const twice = [...connections, connection('azure', { large: able })];
    expect(planRoute(question({ requested: 'large' }), view({ connections: twice }))).toMatchObject({
      kind: 'ambiguous',
    });
  });

  it('passes over names of a list that lead nowhere, as long as one does not', () => {
    const profile = {
      models: ['gone/x', 'dark/hidden', 'openai/small', 'openai/small'],
      strategy: 'priority' as const,
    };
    expect(order({ profile })).toEqual(['openai/small']);
  });

  it('orders by each strategy, each by its rule', () => {
    expect(by('priority')).toEqual(everyone);
    // 0.6 × input + 0.4 × output: 0.44, 4.4, 13; what has no known price comes last.
    expect(by('cost_optimized')).toEqual(['openai/small', 'openai/large', 'anthropic/opus', 'local/llama']);
    expect(by('quality_first')).toEqual(['anthropic/opus', 'openai/large', 'openai/small', 'local/llama']);
    const times: Record<string, number> = { 'local/llama': 90, 'openai/large': 300, 'anthropic/opus': 250 };
    expect(by('speed_first', { firstTokenMs: ({ target }) => times[modelId(target)] ?? null })).toEqual([
      'local/llama',
      'anthropic/opus',
      'openai/large',
      'openai/small',
    ]);
    expect(by('capability_based', {}, { facts: needing({ tools: true }) })).toEqual([
      'openai/small',
      'local/llama',
      'openai/large',
      'anthropic/opus',
    ]);
  });

  it('draws by weight: three times as often for three times the weight, and last for none', () => {
    const profile = {
      models: ['openai/large', 'openai/small', 'anthropic/opus'],
      strategy: 'weighted' as const,
      weights: { 'openai/large': 3, 'openai/small': 1, 'anthropic/opus': 0 },
    };
    let seed = 42;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    const drawn = Array.from({ length: 4_000 }, () => order({ profile }, { random }));
    const share = drawn.filter(([first]) => first === 'openai/large').length / drawn.length;
    expect(share).toBeGreaterThan(0.72);
    expect(share).toBeLessThan(0.78);
    expect(drawn.every((each) => each[2] === 'anthropic/opus')).toBe(true);
  });

  it('passes over who cannot do what is needed, with the reason', () => {
    const plan = planRoute(
      question({ profile: { models: everyone, strategy: 'cost_optimized' }, facts: needing({ vision: true }) }),
      view(),
    );
    expect(plan).toMatchObject({ skipped: [{ model: 'openai/small', reason: 'cannot see images' }] });
    expect(
      order({ profile: { models: everyone, strategy: 'priority' }, facts: { ...facts, inputCharacters: 40_000 } }),
    ).toEqual(['openai/large', 'anthropic/opus', 'local/llama']);
    expect(planRoute(question({ requested: 'openai/small', facts: needing({ vision: true }) }), view())).toEqual({
      kind: 'incapable',
      skipped: [{ model: 'openai/small', reason: 'cannot see images' }],
      capable: ['openai/large', 'anthropic/opus'],
    });
  });

  it('lets what nobody knows pass where somebody named the model, and not under auto', () => {
    expect(order({ requested: 'local/llama', facts: needing({ tools: true }) })).toEqual(['local/llama']);
    expect(order({ requested: 'auto', facts: needing({ tools: true }) })).toEqual([
      'openai/small',
      'openai/large',
      'anthropic/opus',
    ]);
    expect(order({ requested: 'auto', strategy: 'quality_first', facts: needing({ jsonSchema: true }) })).toEqual([
      'anthropic/opus',
      'openai/large',
    ]);
  });

  it('asks last whom an alert advises against, says so, and leaves out nobody', () => {
    const profile = { models: everyone, strategy: 'priority' as const };
    const advisedAgainst: RouteView['advisedAgainst'] = ({ target }) => (target.model === 'large' ? 'Drifting' : null);
    expect(planRoute(question({ profile }), view({ advisedAgainst }))).toMatchObject({
      candidates: [
        { target: { model: 'small' } },
        { target: { model: 'opus' } },
        { target: { model: 'llama' } },
        { target: { model: 'large' } },
      ],
      reason: 'an alert advises against openai/large: Drifting',
    });
    // By name, and where there is nobody else, it is asked all the same.
    expect(order({}, { advisedAgainst })).toEqual(['openai/large']);
    expect(order({ profile }, { advisedAgainst: () => 'Everything' })).toEqual(everyone);
  });

  it('takes quotations for an answer under auto only where no language model could give one, and by name always', () => {
    const quoting = connection('signalbox', { extractive: { ...plain, generates: false, price: price('0', '0') } });
    const both = [quoting, ...connections];
    expect(order({ requested: 'auto' }, { connections: both })).toEqual(order({ requested: 'auto' }));
    expect(planRoute(question({ requested: 'auto' }), view({ connections: both, restsMs: () => 5_000 }))).toMatchObject(
      {
        kind: 'resting',
        skipped: expect.arrayContaining([{ model: 'signalbox/extractive', reason: 'only quotes what it is given' }]),
      },
    );
    expect(order({ requested: 'auto' }, { connections: [quoting] })).toEqual(['signalbox/extractive']);
    expect(order({ requested: 'signalbox/extractive' }, { connections: both })).toEqual(['signalbox/extractive']);
  });

  it('passes over who rests, and says when the first is back where everybody does', () => {
    const restsMs = (id: string) => (id === 'connection_openai' ? 5_000 : id === 'connection_anthropic' ? 9_000 : 0);
    expect(by('priority', { restsMs })).toEqual(['local/llama']);
    const profile = { models: ['openai/large', 'anthropic/opus'], strategy: 'priority' as const };
    expect(planRoute(question({ profile }), view({ restsMs }))).toMatchObject({ kind: 'resting', restsMs: 5_000 });
  });

  it('asks nobody for a chat who makes embeddings only, and for embeddings nobody else', () => {
    const own = [...connections, connection('vectors', { small: { ...plain, embeddings: true } })];
    const seen = { connections: own };
    expect(order({ requested: 'vectors/small' }, seen)).toEqual(['incapable']);
    expect(order({ requested: 'auto' }, seen)).not.toContain('vectors/small');
    expect(order({ requested: 'auto', operation: 'embeddings' }, seen)).toEqual(['vectors/small']);
    expect(order({ requested: 'local/llama', operation: 'embeddings' }, seen)).toEqual(['local/llama']);
  });

  it('goes by the first rule that fits the metadata', () => {
    const profile = {
      models: ['openai/small'],
      strategy: 'priority' as const,
      rules: [
        { when: { tier: 'gold', region: ['eu', 'us'] }, models: ['anthropic/opus'] },
        { when: { tier: 'gold' }, models: ['openai/small', 'openai/large'], strategy: 'quality_first' as const },
      ],
    };
    const first = (metadata: Record<string, string>) => order({ profile, facts: { ...facts, metadata } })[0];
    expect(first({ tier: 'gold', region: 'eu' })).toBe('anthropic/opus');
    expect(first({ tier: 'gold', region: 'as' })).toBe('openai/large');
    expect(first({})).toBe('openai/small');
    const inherited = { ...profile, rules: [{ when: { constructor: 'x' }, models: ['anthropic/opus'] }] };
    expect(order({ profile: inherited })[0]).toBe('openai/small');
  });

  it('keeps a conversation where it is, and moves only those whose model is gone', () => {
    const profile = { models: everyone, strategy: 'weighted' as const, sticky: true };
    const place = (conversationId: string, seen: Partial<RouteView> = {}) => order({ profile, conversationId }, seen);
    const ids = Array.from({ length: 400 }, (_, index) => `conversation-${String(index)}`);
    const before = new Map(ids.map((id) => [id, place(id)[0]]));
    expect(new Set(before.values()).size).toBe(4);
    for (const id of ids) expect(place(id, { random: Math.random })[0]).toBe(before.get(id));
    for (const id of ids) {
      const [now] = place(id, { restsMs: (connectionId) => (connectionId === 'connection_local' ? 1_000 : 0) });
      if (before.get(id) === 'local/llama') expect(now).not.toBe('local/llama');
      else expect(now).toBe(before.get(id));
    }
  });

  it('keeps its promises whatever is asked: each once, all able, none resting, nobody forgotten', () => {
    const anyFacts = fc.record({
      contextTokensMax: fc.option(fc.integer({ min: 100, max: 10_000 }), { nil: null }),
      vision: fc.constantFrom(true, false, null),
      tools: fc.constantFrom(true, false, null),
      jsonSchema: fc.constantFrom(true, false, null),
      reasoning: fc.constantFrom(true, false, null),
      quality: fc.option(fc.integer({ min: 0, max: 9 }), { nil: null }),
    });
    const strategies = [
      'priority',
      'weighted',
      'cost_optimized',
      'speed_first',
      'quality_first',
      'capability_based',
    ] as const;
    fc.assert(
      fc.property(
        fc.array(anyFacts, { minLength: 1, maxLength: 8 }),
        fc.record({ vision: fc.boolean(), tools: fc.boolean(), jsonSchema: fc.boolean(), reasoning: fc.boolean() }),
        fc.constantFrom(...strategies),
        fc.record({
          resting: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
          conversationId: fc.option(fc.string({ minLength: 1 }), { nil: null }),
          inputCharacters: fc.integer({ min: 0, max: 20_000 }),
        }),
        (all, needs, strategy, { resting, conversationId, inputCharacters }) => {
          const own = all.map((each, index) => connection(`p${String(index)}`, { m: each }));
          const asked = { ...facts, needs, inputCharacters };
          const models = own.map(({ provider }) => `${provider.name}/m`);
          const restsMs = (id: string) => (resting[Number(id.slice('connection_p'.length))] === true ? 1_000 : 0);
          const plan = planRoute(
            question({ profile: { models, strategy }, facts: asked, conversationId, sticky: conversationId !== null }),
            view({ connections: own, restsMs, random: Math.random }),
          );
          const ableOnes = own.filter(
            (each) =>
              lackOf(each.factsOf('m'), question({ facts: asked }), { unknownSuffices: true }) === null &&
              restsMs(each.id) === 0,
          );
          if (plan.kind !== 'planned') {
            expect(ableOnes).toEqual([]);
            return;
          }
          expect(plan.candidates.map(({ connectionId }) => connectionId).sort()).toEqual(
            ableOnes.map(({ id }) => id).sort(),
          );
          expect(plan.candidates.length + plan.skipped.length).toBe(own.length);
        },
      ),
    );
  });
});

describe('OD-4: exploring under speed_first', () => {
  const models = ['openai/large', 'openai/small', 'anthropic/opus'];
  const times: Record<string, number | null> = { 'openai/large': 100, 'openai/small': 900, 'anthropic/opus': null };
  const planAt = (draw: number, more: Partial<RouteQuestion> = {}, exploration = 0.1) => {
    const plan = planRoute(
      question({ profile: { models, strategy: 'speed_first' }, streamed: true, ...more }),
      view({ firstTokenMs: ({ target }) => times[modelId(target)] ?? null, exploration, random: () => draw }),
    );
    if (plan.kind !== 'planned') throw new Error(plan.kind);
    return { first: modelId(plan.candidates[0]?.target ?? { provider: '', model: '' }), plan };
  };

  it('sends the stated share of streams to the others, one as often as the other, and the rest to the fastest', () => {
    const draws = Array.from({ length: 1_000 }, (_, index) => planAt(index / 1_000).first);
    const times = (model: string) => draws.filter((first) => first === model).length;
    expect([times('openai/large'), times('openai/small'), times('anthropic/opus')]).toEqual([900, 50, 50]);
  });

  it('says so, loses nobody, and goes on in the order of speed', () => {
    const { plan } = planAt(0.06);
    expect(plan.reason).toMatch(/measured again/);
    expect(plan.candidates.map(({ target }) => modelId(target))).toEqual([
      'anthropic/opus',
      'openai/large',
      'openai/small',
    ]);
    expect(planAt(0.5).plan.reason).not.toMatch(/measured again/);
  });

  it('does not where nothing would be measured, where a conversation has its place, or where it is off', () => {
    expect(planAt(0, { streamed: false }).first).toBe('openai/large');
    expect(planAt(0, {}, 0).first).toBe('openai/large');
    expect(planAt(0, { strategy: 'priority' }).first).toBe('openai/large');
    expect(planAt(0, { sticky: true, conversationId: 'c' }).plan.reason).toBe('the place of this conversation');
  });
});
