import { describe, expect, it } from '@jest/globals';
import type { SystemSpec } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import fc from 'fast-check';
import { unknownUsage } from '../usage/token-usage.ts';
import { agreementOf } from './agreement.ts';
import { readPlan, type Plan } from './plan.ts';
import { doSteps, runSystem, type AskStep } from './run-system.ts';

const spec: SystemSpec = {
  domain: 'd',
  use_case: 'u',
  architecture: 'single',
  models: ['a', 'b', 'c'],
  prompts: {},
  tools: [],
  requirements: {},
  budget: null,
};

function asking(answers: (step: string, prompt: string) => string | Error) {
  const asked: { step: string; candidates: readonly string[]; prompt: string }[] = [];
  const ask: AskStep = async (step, { messages, candidates }) => {
    const prompt = JSON.stringify(messages.at(-1)?.content);
    asked.push({ step, candidates, prompt });
    const content = answers(step, prompt);
    if (content instanceof Error) throw content;
    const message = { role: 'assistant', content };
    return {
      completion: {
        id: 'x',
        object: 'chat.completion',
        created: 0,
        model: 'm',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
      },
      model: candidates[0] ?? '',
      usage: unknownUsage,
      costUsd: null,
    };
  };
  return { ask, asked };
}

describe('a system of one answer', () => {
  it('asks its models in order, with its prompt and the material before the question', async () => {
    const { ask, asked } = asking(() => 'the answer');
    const output = await runSystem(spec, { input: 'Why?', context: 'Because.' }, ask);
    expect(output).toEqual({ output: 'the answer', confidence: null, failedModels: [] });
    expect(asked).toEqual([
      { step: 'answer', candidates: ['a', 'b', 'c'], prompt: JSON.stringify('Because.\n\nWhy?') },
    ]);
  });
});

describe('an ensemble (OD-5)', () => {
  const ensemble = { ...spec, architecture: 'ensemble' as const };

  it('asks each model for a proposal and makes one answer of all of them', async () => {
    const { ask, asked } = asking((step) => (step === 'synthesis' ? 'one' : `red ${step}`));
    const { output, confidence } = await runSystem(ensemble, { input: 'Which?' }, ask);
    expect(output).toBe('one');
    expect(asked.map(({ step }) => step)).toEqual(['proposal-1', 'proposal-2', 'proposal-3', 'synthesis']);
    expect(asked.at(-1)?.prompt).toContain('red proposal-3');
    // {red, proposal, 1} and {red, proposal, 2} share two of four words.
    expect(confidence).toEqual({ value: 0.5, formula: 'mean-pairwise-word-jaccard/1' });
  });

  it('goes on without a model that failed, and not without half of them', async () => {
    const failing = (names: string[]) =>
      asking((step) => (names.includes(step) ? new AppError('provider_failed', `${step} is gone`) : 'yes'));
    expect(await runSystem(ensemble, { input: 'x' }, failing(['proposal-2']).ask)).toMatchObject({
      output: 'yes',
      confidence: { value: 1 },
      failedModels: [{ model: 'b', error: 'proposal-2 is gone' }],
    });
    const two = failing(['proposal-1', 'proposal-2']);
    await expect(runSystem(ensemble, { input: 'x' }, two.ask)).rejects.toThrow('proposal-1 is gone');
  });

  it('has no confidence without two proposals to compare', async () => {
    const alone = { ...ensemble, models: ['a'] };
    expect(await runSystem(alone, { input: 'x' }, asking(() => 'yes').ask)).toMatchObject({ confidence: null });
  });

  it('agrees between 0 and 1, fully with itself, and whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 2, maxLength: 5 }), (texts) => {
        const agreement = agreementOf(texts) ?? -1;
        expect(agreement).toBeGreaterThanOrEqual(0);
        expect(agreement).toBeLessThanOrEqual(1);
        expect(agreementOf(texts.toReversed())).toBeCloseTo(agreement, 10);
        expect(agreementOf([texts[0] ?? '', texts[0] ?? ''])).toBe(1);
      }),
    );
  });
});

describe('a hybrid (B-48)', () => {
  const hybrid = { ...spec, architecture: 'hybrid' as const };
  const plan = JSON.stringify({
    steps: [
      { id: 'sum', task: 'Add up', depends_on: ['left', 'right'] },
      { id: 'left', task: 'Count left', depends_on: [] },
      { id: 'right', task: 'Count right', depends_on: [] },
    ],
  });

  it('cuts the task, does the steps in the order that they need, and fuses their results', async () => {
    const answers = (step: string) =>
      ({ plan: `Here it is:\n\`\`\`json\n${plan}\n\`\`\``, synthesis: 'five' })[step] ?? `${step} done`;
    const first = asking(answers);
    expect(await runSystem(hybrid, { input: 'How many?' }, first.ask)).toMatchObject({ output: 'five' });
    expect(first.asked.map(({ step }) => step)).toEqual(['plan', 'step-left', 'step-right', 'step-sum', 'synthesis']);
    expect(first.asked[3]?.prompt).toContain('step-left done');
    // The same answers give the same questions, to the letter.
    const second = asking(answers);
    await runSystem(hybrid, { input: 'How many?' }, second.ask);
    expect(second.asked).toEqual(first.asked);
  });

  it('asks once more for a plan that cannot be followed, and then gives up', async () => {
    const repaired = asking((step) => ({ plan: 'I will begin at once.', 'plan-repair': plan })[step] ?? 'done');
    expect(await runSystem(hybrid, { input: 'x' }, repaired.ask)).toMatchObject({ output: 'done' });
    const hopeless = asking(() => 'no plan');
    await expect(runSystem(hybrid, { input: 'x' }, hopeless.ask)).rejects.toThrow('no plan that can be followed');
    expect(hopeless.asked).toHaveLength(2);
  });

  it.each([
    ['no JSON', 'steps: 1'],
    ['no steps', '{"steps": []}'],
    ['too many steps', JSON.stringify({ steps: Array.from({ length: 11 }, (_, id) => step(`s${String(id)}`)) })],
    ['a member of its own', '{"steps": [{"id": "a", "task": "x", "depends_on": [], "run": "rm"}]}'],
    ['one id twice', JSON.stringify({ steps: [step('a'), step('a')] })],
    ['an unknown step', JSON.stringify({ steps: [step('a', ['b'])] })],
    ['a circle', JSON.stringify({ steps: [step('a', ['b']), step('b', ['a'])] })],
    ['itself', JSON.stringify({ steps: [step('a', ['a'])] })],
  ])('refuses a plan with %s', (_name, text) => {
    expect(readPlan(text)).toMatchObject({ kind: 'unusable' });
  });

  it('never begins a step before what it needs is done, nor more at once than it may', async () => {
    const anyPlan = fc
      .array(fc.array(fc.nat(8), { maxLength: 3 }), { minLength: 1, maxLength: 9 })
      .map((needs): Plan => ({
        steps: needs.map((of, index) =>
          step(`s${String(index)}`, [...new Set(of.filter((need) => need < index).map((need) => `s${String(need)}`))]),
        ),
      }));
    await fc.assert(
      fc.asyncProperty(anyPlan, fc.integer({ min: 1, max: 3 }), fc.scheduler(), async (given, atOnceMax, scheduler) => {
        let atOnce = 0;
        const work = doSteps(given, atOnceMax, async ({ id, depends_on: needs }, results) => {
          atOnce += 1;
          expect(atOnce).toBeLessThanOrEqual(atOnceMax);
          for (const need of needs) expect(results.has(need)).toBe(true);
          await scheduler.schedule(Promise.resolve());
          atOnce -= 1;
          return id;
        });
        await scheduler.waitFor(work);
        expect([...(await work).keys()].toSorted()).toEqual(given.steps.map(({ id }) => id).toSorted());
      }),
      { numRuns: 50 },
    );
  });
});

function step(id: string, dependsOn: string[] = []): Plan['steps'][number] {
  return { id, task: 'x', depends_on: dependsOn };
}
