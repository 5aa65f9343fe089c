// `npm run bench -- summaries --data FILE`: how good quoted summaries are, and what the verifier that asks no model can see.
// FILE is the test part of SciTLDR-A (allenai/scitldr, Apache-2.0) with its titles: JSON lines of `title`, `source`, `target`.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  pickers,
  scorePicker,
  shareVerdicts,
  withNegation,
  withOtherFigure,
  type Abstract,
} from '../../services/research-pipeline/test/summary-scores.ts';
import { writeResults } from '../load/report.ts';

const { values } = parseArgs({ options: { data: { type: 'string' }, quick: { type: 'boolean', default: false } } });
if (values.data === undefined) {
  console.error('Name the abstracts: npm run bench -- summaries --data FILE');
  process.exitCode = 2;
} else {
  await measure(readAbstracts(values.data).slice(0, values.quick ? 60 : undefined));
}

function readAbstracts(file: string): Abstract[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const row = JSON.parse(line) as { title: string; source: string[]; target: string[] };
    return { title: row.title, sentences: row.source, summaries: row.target };
  });
}

async function measure(abstracts: readonly Abstract[]): Promise<void> {
  console.log(
    `One sentence of each of ${String(abstracts.length)} abstracts, against the best of its summaries: F1 of ROUGE-1, -2 and -L, no stemming.`,
  );
  const summaries = Object.entries(pickers).map(([picker, pick]) => {
    const { one, two, longest } = scorePicker(abstracts, pick);
    const figures = [one, two, longest].map((figure) => figure.toFixed(1));
    console.log(`${picker.padEnd(32)} ${figures.join(' / ')}`);
    return { picker, rouge1: one, rouge2: two, rougeL: longest };
  });

  const cited = abstracts.map(({ sentences }) => sentences.join(' '));
  const first = abstracts.map(({ summaries: [summary = ''] }) => summary);
  const nearest = abstracts.map((_abstract, index) => nearestOther(first[index] ?? '', cited, index));
  const quoted = abstracts.flatMap(({ sentences }, index) =>
    sentences.map((sentence) => ({
      sentence: `${sentence.replace(/[.!?]*$/, '')} indeed.`,
      cited: cited[index] ?? '',
    })),
  );
  const mutated = (change: (sentence: string) => string | null) =>
    quoted.flatMap(({ sentence, cited: text }) => {
      const changed = change(sentence);
      return changed === null ? [] : [{ sentence: changed, cited: text }];
    });
  const trials = {
    'summary, own abstract': first.map((sentence, index) => ({ sentence, cited: cited[index] ?? '' })),
    'summary, some other abstract': first.map((sentence, index) => ({
      sentence,
      cited: cited[(index + 97) % cited.length] ?? '',
    })),
    'summary, the most alike other abstract': first.map((sentence, index) => ({
      sentence,
      cited: nearest[index] ?? '',
    })),
    'nearly a quotation': quoted,
    'nearly a quotation, a figure changed': mutated(withOtherFigure),
    'nearly a quotation, negated': mutated(withNegation),
  };
  console.log('\nVerdicts without a judging model, in percent: supported / cannot judge / unsupported.');
  const verdicts = [];
  for (const [trial, pairs] of Object.entries(trials)) {
    const shares = await shareVerdicts(pairs);
    const figures = [shares.supported + shares.quoted, shares['cannot judge'], shares.unsupported];
    console.log(
      `${trial.padEnd(40)} ${figures.map((figure) => figure.toFixed(1)).join(' / ')}   (${String(pairs.length)} pairs)`,
    );
    verdicts.push({ trial, pairs: pairs.length, ...shares });
  }
  if (!values.quick) writeResults('summaries', { abstracts: abstracts.length, summaries, verdicts });
}

/** The abstract of another paper that shares the most words with a summary. */
function nearestOther(summary: string, abstracts: readonly string[], own: number): string {
  const words = new Set(summary.toLowerCase().match(/[a-z]{4,}/g) ?? []);
  let best = '';
  let most = -1;
  abstracts.forEach((abstract, index) => {
    if (index === own) return;
    const shared = new Set((abstract.toLowerCase().match(/[a-z]{4,}/g) ?? []).filter((word) => words.has(word))).size;
    if (shared > most) [best, most] = [abstract, shared];
  });
  return best;
}
