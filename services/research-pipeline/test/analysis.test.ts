import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { analyse } from '../src/analysis/analyse.ts';
import type { Analysis, Finding } from '../src/analysis/analysis.ts';
import type { ResearchModel } from '../src/model/research-model.ts';
import type { Source } from '../src/sources/source.ts';
import { aSource, sources } from './report-fixture.ts';

const { signal } = new AbortController();

function analysisOf(given: readonly Source[], model: ResearchModel | null = null): Promise<Analysis> {
  const topic = 'How well do heat pumps work in old houses?';
  return analyse({ topic, questions: [topic], sources: given, model, idempotencyKey: 'analysis', signal });
}

function itemsOf<Item>(finding: Finding<Item[]>): Item[] {
  if (finding.status === 'absent') throw new Error(finding.reason);
  return finding.items;
}

function quotesOf(citations: readonly { n: number; start: number; end: number }[]): (string | undefined)[] {
  return citations.map(({ n, start, end }) => sources.find((source) => source.n === n)?.text.slice(start, end));
}

const aModel = (text: string): ResearchModel => ({
  name: 'm',
  complete: () => Promise.resolve({ text, inputTokens: 1, outputTokens: 1, costUsd: null, isCut: false }),
});

describe('the analysis without a model (CR-12)', () => {
  it('finds names with the places where they stand, and says of what type they are only where the text does', async () => {
    const entities = itemsOf((await analysisOf(sources)).entities);
    const typed = Object.fromEntries(entities.map(({ name, type }) => [name, type]));
    expect(typed).toMatchObject({
      'Fraunhofer Institute': 'organisation',
      'University of Leeds': 'organisation',
      'Marek Miara': 'person',
      '12 March 2022': 'date',
      '€4,200': 'amount of money',
    });
    for (const { name, citations, mentions } of entities) {
      expect([name, new Set(quotesOf(citations))]).toEqual([name, new Set([name])]);
      expect(mentions).toBeGreaterThanOrEqual(citations.length);
    }
  });

  it('orders what is dated, as exactly as it is dated', async () => {
    const timeline = itemsOf((await analysisOf(sources)).timeline);
    expect(timeline.map(({ date }) => date)).toEqual(['2021', '2022', '2022-03-12']);
    for (const { text, citations } of timeline) expect(quotesOf(citations)).toEqual([text]);
  });

  it('takes no number for a date, and no day that no month has', async () => {
    const text =
      'The plant made 1999 units for 2000 people. On 31 February 2020 nobody was there. It weighed 1850 tons in all of that.';
    expect((await analysisOf([aSource(1, 't', text)])).timeline.status).toBe('absent');
  });

  it('quotes its summary and the questions that the sources ask', async () => {
    const { summary, relatedQuestions } = await analysisOf(sources);
    for (const { text, citations } of itemsOf(summary)) expect(quotesOf(citations)).toEqual([text]);
    expect(itemsOf(relatedQuestions).map(({ question }) => question)).toEqual(['Does a heat pump need floor heating?']);
  });

  it('weighs topics so that they make one, and relates what is named together twice', async () => {
    const { topics, relations } = await analysisOf([
      ...sources,
      aSource(
        3,
        't',
        'The Fraunhofer Institute met the University of Leeds. Later the University of Leeds praised the Fraunhofer Institute.',
      ),
    ]);
    const found = itemsOf(topics);
    expect(found.map(({ name }) => name.toLowerCase())).toContain('heat pump');
    expect(found.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 2);
    expect(itemsOf(relations)).toMatchObject([{ predicate: null }]);
  });

  it('says which sources share sentences, and facts alone of each', async () => {
    const copied = aSource(3, 'A copy', sources[1]?.text ?? '', { url: 'http://example.gov/a', documentId: null });
    const credibility = itemsOf((await analysisOf([...sources, copied])).credibility);
    expect(credibility.map(({ n, agreesWith }) => [n, agreesWith])).toEqual([
      [1, []],
      [2, [3]],
      [3, [2]],
    ]);
    expect(credibility[2]?.signals).toContainEqual({ name: 'origin', value: 'a government (example.gov)' });
    expect(credibility[1]?.signals).toContainEqual({ name: 'published', value: '2023-05-04' });
  });

  it('is absent, with the reason, where there is nothing to find; a tone is never guessed', async () => {
    const analysis = await analysisOf([aSource(1, 't', 'menu | home | login')]);
    for (const [name, finding] of Object.entries(analysis) as [string, Finding<unknown[]>][])
      if (name !== 'credibility')
        expect([name, finding]).toEqual([name, { status: 'absent', reason: expect.stringMatching(/\.$/) }]);
    expect((await analysisOf(sources)).sentiment.status).toBe('absent');
  });

  it('names places that are there, whatever the sources hold', async () => {
    const words = fc.constantFrom(
      'Dr. Ada',
      'Acme Inc',
      'in 1999',
      '€5',
      '5 %',
      'a@b.co',
      'heat pump',
      '.\n',
      '. ',
      '? ',
      '😀',
      'The ',
      'https://x.org/',
      '\u0000',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 80 }), async (texts) => {
        const source = aSource(1, 't', texts.join(' '));
        for (const finding of Object.values(await analysisOf([source])) as Finding<
          { citations?: { start: number; end: number }[] }[]
        >[]) {
          if (finding.status === 'absent') continue;
          for (const { citations } of finding.items)
            for (const { start, end } of citations ?? [])
              expect([start >= 0, start < end, end <= source.text.length]).toEqual([true, true, true]);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('the analysis with a model (CR-12)', () => {
  const reading = {
    entities: [
      { name: 'Fraunhofer Institute', type: 'organisation', sentences: [1, 2, 3, 4, 5] },
      { name: 'Atlantis', type: 'place', sentences: [1] },
    ],
    relations: [{ from: 'Atlantis', predicate: 'sank before', to: 'Fraunhofer Institute', sentences: [1] }],
    sentiment: { label: 'positive', score: 0.4, sentences: [1] },
    related_questions: [{ question: 'What of new houses?', sentences: [99] }],
  };

  it('keeps of what a model says what stands in the sentences that it names', async () => {
    const { entities, relations, sentiment, relatedQuestions } = await analysisOf(
      sources,
      aModel(JSON.stringify(reading)),
    );
    expect(itemsOf(entities).map(({ name }) => name)).toEqual(['Fraunhofer Institute']);
    expect(itemsOf(sentiment)).toMatchObject([{ label: 'positive', score: 0.4 }]);
    // Nothing of the model's is left: what rules found stands.
    expect(relatedQuestions).toMatchObject({ method: 'questions that the sources themselves ask' });
    expect(JSON.stringify(relations)).not.toContain('Atlantis');
  });

  it('is that of the rules where a model answers in no readable form, and says so', async () => {
    const { sentiment, entities } = await analysisOf(sources, aModel('Certainly! Here is your analysis:'));
    expect(sentiment).toEqual({ status: 'absent', reason: 'm was asked, and gave no readable answer.' });
    expect(itemsOf(entities).length).toBeGreaterThan(3);
  });
});
