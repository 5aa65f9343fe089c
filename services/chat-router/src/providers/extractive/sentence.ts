/** A stretch of a text, where `text` is exactly what stands there. */
export interface Sentence {
  text: string;
  start: number;
  end: number;
}

const sentences = new Intl.Segmenter(undefined, { granularity: 'sentence' });
const words = new Intl.Segmenter(undefined, { granularity: 'word' });

/** A longer one is no sentence (a table, a listing, text without stops) and is cut between words. */
const sentenceCharactersMax = 800;

// After these a full stop ends no sentence, though Intl.Segmenter says that it does.
const abbreviation =
  /(?:^|[\s(\[“"'])(?:\p{Lu}|dr|mr|mrs|ms|prof|rev|hon|st|sr|jr|gen|col|capt|lt|sgt|gov|sen|rep|inc|ltd|corp|co|bros|dept|univ|vs|etc|e\.g|i\.e|cf|al|ca|approx|fig|figs|eq|sec|ch|vol|no|nos|pp|p|ed|eds|u\.s|u\.k|u\.n|d\.c|ph\.d|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|bzw|z\.b|d\.h|u\.a|nr|str|abb|vgl|ggf|usw|m|mme|mlle|sra|dra|ud|av|art)\.\s*$/iu;
const bullet = /^\s*(?:[-*•‣◦#>|]|\d{1,3}[.)]\s)/u;
const endsSentence = /[.!?…。！？؟।:;][\p{Pe}\p{Pf}"'”’]*\s*$/u;

/**
 * The sentences of a text, in order and verbatim. A line break within a paragraph that is only wrapped does not end one;
 * the end of a list's item, of a heading or of a paragraph does.
 */
export function splitSentences(text: string): Sentence[] {
  const found: Sentence[] = [];
  for (const block of blocksOf(text)) {
    // Same length, so that the places in the unwrapped text are the places in the text.
    const unwrapped = block.text.replaceAll(/[\r\n]/g, ' ');
    let start = 0;
    for (const { index, segment } of sentences.segment(unwrapped)) {
      const end = index + segment.length;
      if (end < unwrapped.length && abbreviation.test(unwrapped.slice(Math.max(start, end - 16), end))) continue;
      found.push(...shortened(text, block.start + start, block.start + end));
      start = end;
    }
  }
  return found;
}

/** The Unicode words of a text (UAX #29), as they stand there. */
export function wordsOf(text: string): string[] {
  const found: string[] = [];
  for (const { segment, isWordLike } of words.segment(text)) if (isWordLike === true) found.push(segment);
  return found;
}

/** The index after the n-th word of a text; its whole length when it has no more than `count`. */
export function endOfWord(text: string, count: number): number {
  let left = count;
  let end = 0;
  for (const { segment, index, isWordLike } of words.segment(text)) {
    if (isWordLike !== true) continue;
    if (left === 0) return end;
    left -= 1;
    end = index + segment.length;
  }
  return text.length;
}

export function isQuestion(sentence: string): boolean {
  return /[?？؟][\p{Pe}\p{Pf}"'”’]*\s*$/u.test(sentence);
}

function blocksOf(text: string): Sentence[] {
  const blocks: Sentence[] = [];
  let start = 0;
  let position = 0;
  let previous = '';
  for (const line of text.split(/(?<=\n)/)) {
    if (previous !== '' && !continues(previous, line)) {
      blocks.push({ text: text.slice(start, position), start, end: position });
      start = position;
    }
    position += line.length;
    previous = line;
  }
  blocks.push({ text: text.slice(start), start, end: text.length });
  return blocks;
}

/** True when the second line goes on with what the first one says, as in a text that is wrapped at some column. */
function continues(first: string, second: string): boolean {
  if (first.trim() === '' || second.trim() === '' || bullet.test(second) || endsSentence.test(first)) return false;
  return first.trim().length >= 50 || /^\s*\p{Ll}/u.test(second);
}

function shortened(text: string, start: number, end: number): Sentence[] {
  const found: Sentence[] = [];
  let from = start;
  while (end - from > sentenceCharactersMax) {
    const space = text.lastIndexOf(' ', from + sentenceCharactersMax);
    // A surrogate pair must not be cut in two.
    const hard =
      from + sentenceCharactersMax - (/[\uD800-\uDBFF]/.test(text[from + sentenceCharactersMax - 1] ?? '') ? 1 : 0);
    const cut = space > from ? space + 1 : hard;
    push(found, text, from, cut);
    from = cut;
  }
  push(found, text, from, end);
  return found;
}

function push(found: Sentence[], text: string, start: number, end: number): void {
  const untrimmed = text.slice(start, end);
  const trimmed = untrimmed.trim();
  if (trimmed === '') return;
  const first = start + untrimmed.indexOf(trimmed);
  found.push({ text: trimmed, start: first, end: first + trimmed.length });
}
