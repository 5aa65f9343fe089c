import { AppError } from '@signalbox/errors';
import { splitSentences } from '../chunks/split-sentences.ts';
import type { ResearchModel } from '../model/research-model.ts';
import type { Sentence, Verdict } from '../writing/section.ts';
import { likeness, rarityOf, termsOf, vectorOf } from '../writing/terms.ts';
import { askJudge, type JudgedPair, type Judgement } from './ask-judge.ts';
import { lexicalSigns, type LexicalSigns } from './lexical-signs.ts';
import { citedText, verifySpans, type CitedSource } from './verify-spans.ts';

export type UnjudgedSentence = Pick<Sentence, 'text' | 'citations'>;

/** From so much shared weight on words are taken to say the same; below the second bound to say something else. */
const [overlapSupports, overlapRefutes] = [0.6, 0.3];

/** What the verdicts cannot see, in the words that every report carries. */
export const verificationLimits: Readonly<Record<Verdict['method'], string>> = {
  span: 'A quoted sentence is compared with its source letter by letter. That says nothing of whether the source is right.',
  lexical:
    'Without a judging model a sentence counts as supported when the cited place has most of its words, all of its figures and ' +
    'names, and as many negations. Other wordings of the same fact, reversed relations (who did what to whom) and negations ' +
    'without a negating word are not seen.',
  model:
    'Where a model judged, it read the sentence and the cited places alone. It can be wrong; figures and names are compared ' +
    'besides, and a sentence on which the two disagree is shown as not judged.',
};

export interface JudgeSentencesInput {
  sentences: readonly UnjudgedSentence[];
  sources: readonly CitedSource[];
  /** Null: words, figures, names and negations are all that is compared. */
  model: ResearchModel | null;
  idempotencyKey: string;
  signal: AbortSignal;
}

/** Gives every sentence its verdict; the model, if there is one, is asked once for all that it is needed for. */
export async function judgeSentences(input: JudgeSentencesInput): Promise<Sentence[]> {
  const { sentences, sources, model, idempotencyKey, signal } = input;
  const found = sentences.map((sentence) => weigh(sentence, sources));
  const open = found.flatMap((one, index): (JudgedPair & { index: number })[] =>
    one.kind === 'open' ? [{ index, sentence: sentences[index]?.text ?? '', cited: one.cited }] : [],
  );
  const judgements =
    model === null || open.length === 0
      ? new Map<number, Judgement>()
      : await judged(model, open, idempotencyKey, signal);
  return sentences.map((sentence, index) => {
    const one = found[index];
    const verdict =
      one === undefined
        ? unfound
        : one.kind === 'known'
          ? one.verdict
          : settle(one.signs, judgements.get(index), model !== null);
    return { ...sentence, ...verdict };
  });
}

const unfound: Verdict = { verdict: 'cannot judge', reason: 'Nobody looked at it.', method: 'lexical' };

type Weighed = { kind: 'known'; verdict: Verdict } | { kind: 'open'; cited: string; signs: LexicalSigns };

/** What needs no judge: quotations, what cites nothing, and what has a figure or a name from nowhere. */
function weigh(sentence: UnjudgedSentence, sources: readonly CitedSource[]): Weighed {
  const spans = verifySpans(sentence, sources);
  const texts = sentence.citations.flatMap((citation) => citedText(citation, sources) ?? []);
  if (spans.verdict === 'quoted' || texts.length === 0) return { kind: 'known', verdict: spans };
  const cited = texts.join('\n');
  const signs = lexicalSigns(sentence.text, cited, closestPart(sentence.text, texts));
  if (signs.strangeNumbers.length > 0)
    return known(`The cited place does not have the figure ${listed(signs.strangeNumbers)}.`);
  if (signs.strangeNames.length > 0) return known(`The cited place does not name ${listed(signs.strangeNames)}.`);
  return { kind: 'open', cited, signs };
}

function known(reason: string): Weighed {
  return { kind: 'known', verdict: { verdict: 'unsupported', reason, method: 'lexical' } };
}

/** What the words say, and what the judge says: a judge is not believed against the negations alone, nor they against it. */
function settle(signs: LexicalSigns, judgement: Judgement | undefined, wasAsked: boolean): Verdict {
  const lexical = settleByWords(signs);
  if (judgement === undefined)
    return wasAsked ? { ...lexical, reason: `${lexical.reason} The judging model did not say.` } : lexical;
  const { verdict, reason } = judgement;
  if (verdict === 'supported' && signs.negationDiffers)
    return {
      verdict: 'cannot judge',
      reason: `The judging model finds it supported, but it negates otherwise than the cited place. ${reason}`,
      method: 'model',
    };
  return { verdict, reason, method: 'model' };
}

function settleByWords({ overlap, negationDiffers }: LexicalSigns): Verdict {
  const share = `${Math.round(overlap * 100)} % of its words, by weight, stand in the cited place`;
  const method = 'lexical';
  if (overlap < overlapRefutes) return { verdict: 'unsupported', reason: `Only ${share}.`, method };
  if (negationDiffers)
    return { verdict: 'unsupported', reason: 'It negates what the cited place does not, or the reverse.', method };
  if (overlap < overlapSupports)
    return { verdict: 'cannot judge', reason: `${share}: too many to refuse it, too few to believe it.`, method };
  return { verdict: 'supported', reason: `${share}, with all of its figures and names.`, method };
}

/** The cited sentence that is most like it: whose negations are to be compared. */
function closestPart(text: string, cited: readonly string[]): string {
  const parts = cited.flatMap((one) => splitSentences(one).map(({ start, end }) => one.slice(start, end)));
  const terms = parts.map(termsOf);
  const rarity = rarityOf(terms);
  const wanted = vectorOf(termsOf(text), rarity);
  const scores = terms.map((of) => likeness(wanted, vectorOf(of, rarity)));
  return parts[scores.indexOf(Math.max(...scores))] ?? cited.join(' ');
}

/** A judge that does not answer in the form that it was asked for judges nothing; whatever else is amiss is the caller's. */
async function judged(
  model: ResearchModel,
  open: readonly (JudgedPair & { index: number })[],
  idempotencyKey: string,
  signal: AbortSignal,
): Promise<Map<number, Judgement>> {
  try {
    const answers = await askJudge(model, open, { idempotencyKey, signal });
    return new Map(
      open.flatMap(({ index }, place) => {
        const answer = answers[place];
        return answer === undefined ? [] : [[index, answer] as const];
      }),
    );
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'provider_failed') throw error;
    return new Map();
  }
}

function listed(words: readonly string[]): string {
  return words.map((word) => `“${word}”`).join(', ');
}
