/** A stretch of a text, in UTF-16 code units: `text.slice(start, end)`. */
export interface Span {
  start: number;
  end: number;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'sentence' });

/** A longer one is no sentence (a table, a listing, text without stops) and is cut between words. */
const sentenceCharactersMax = 800;
/** So much is segmented at a time: the rules for sentences look ahead without end. */
const blockCharactersMax = 20_000;
/** A line that is shorter than this was not wrapped, it ended. */
const wrappedCharactersMin = 50;
const lookBack = 16;
const lookAhead = 24;

const opening = String.raw`(?:^|[\s(\[“"'‘])`;
/** A name or a number follows these, whatever it begins with. */
const title =
  /(?:dr|mr|mrs|ms|mx|prof|rev|hon|st|sr|sra|dra|gen|col|capt|lt|sgt|gov|sen|rep|mme|mlle|hr|fr|bzw|z\.b|d\.h|u\.a|e\.g|i\.e|vs|cf|ca|approx|vgl|ggf|abb|str|av|ud|viz)\.\s*$/iu;
/** These stand before a number; else they are words like others ("She said no."). */
const numbered =
  /(?:no|nos|nr|fig|figs|eq|eqs|sec|sect|ch|vol|pp|p|art|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec)\.\s*$/iu;
/** These end a sentence if what follows can only be the beginning of one. */
const ambiguous =
  /(?:\p{Lu}|inc|ltd|corp|co|bros|dept|univ|jr|etc|al|ed|eds|u\.s|u\.k|u\.n|d\.c|ph\.d|m\.d|b\.a|m\.a|a\.m|p\.m|usw|gmbh)\.\s*$/iu;
const after = (pattern: RegExp): RegExp => new RegExp(opening + pattern.source, pattern.flags);
const [titleAtEnd, numberedAtEnd, ambiguousAtEnd] = [after(title), after(numbered), after(ambiguous)];
const starter =
  /^(?:The|A|An|In|It|Its|He|She|They|We|You|This|That|These|Those|There|However|But|And|For|On|At|As|If|When|While|After|Before|Since|With|By|From|To|Although|Thus|Hence|Then|Der|Die|Das|Ein|Eine|Es|Sie|Wir|Im|Le|La|Les|Un|Une|Il|Elle|El|Los|Las)\s/u;
const ordinalAtEnd = /(?:^|\s)\d{1,2}\.\s*$/u;
const ordinalGoesOn =
  /^(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Jahrhundert|Jahrtausend|Jh|januari?|februari?|marts|maj|oktober|december|století)\b/u;
/** The number of an item, as in "2. Open the valve." */
const numberAlone = /^\s*(?:\d{1,3}(?:\.\d{1,3})*|\p{L})[.)]\s*$/u;
const marker = /^\s*(?:[-*+•‣◦–—#>|]+|\d{1,3}[.)])\s/u;
const leadingMarks = /^(?:[-*+•‣◦–—#>|]+\s+)+/u;
const stop = /\p{Sentence_Terminal}/u;
const endsSentence = /[.!?…。！？؟।:;][\p{Pe}\p{Pf}"'”’*_]*\s*$/u;
/** References that stand behind the stop, as in encyclopaedias: "It was closed.[3][4] Then …". */
const references = /([.!?])((?:\[[\p{L}\d ]{1,12}\])+)/gu;

/**
 * The sentences of a text, in order, none overlapping another; between them stands nothing but white space and the marks of
 * headings and lists. A line break within a paragraph that is only wrapped ends no sentence; the end of a heading, of a
 * list's item or of a paragraph does. No sentence is longer than 800 characters.
 */
export function splitSentences(text: string): Span[] {
  const found: Span[] = [];
  for (const block of blocksOf(text)) {
    // Of the same length, so that the places in what is read are the places in the text.
    const read = text.slice(block.start, block.end).replaceAll(/\s/g, ' ').replaceAll(references, '$2$1');
    let start = 0;
    // Most headings, items and cells hold no stop, and the segmenter is slow to begin.
    const segments = stop.test(read) ? segmenter.segment(read) : [{ index: 0, segment: read }];
    for (const { index, segment } of segments) {
      const end = index + segment.length;
      if (
        end < read.length &&
        goesOn(read.slice(Math.max(start, end - lookBack), end), read.slice(end, end + lookAhead))
      ) {
        continue;
      }
      cut(found, text, block.start + start, block.start + end);
      start = end;
    }
  }
  return found;
}

/** True when what the segmenter takes for the end of a sentence is none. */
function goesOn(before: string, next: string): boolean {
  if (numberAlone.test(before) || titleAtEnd.test(before)) return true;
  if (numberedAtEnd.test(before)) return /^\p{N}/u.test(next);
  if (ambiguousAtEnd.test(before)) return !starter.test(next);
  return ordinalAtEnd.test(before) && ordinalGoesOn.test(next);
}

function blocksOf(text: string): Span[] {
  const blocks: Span[] = [];
  let start = 0;
  let previous = '';
  for (let position = 0; position < text.length;) {
    const newline = text.indexOf('\n', position);
    const end = newline === -1 ? text.length : newline + 1;
    const line = text.slice(position, end);
    if (previous !== '' && (!continues(previous, line) || end - start > blockCharactersMax)) {
      push(blocks, text, start, position);
      start = position;
    }
    previous = line;
    position = end;
  }
  push(blocks, text, start, text.length);
  return blocks;
}

/** True when the second line goes on with what the first one says, as in a text that is wrapped at some column. */
function continues(first: string, second: string): boolean {
  if (first.trim() === '' || second.trim() === '' || marker.test(second) || endsSentence.test(first)) return false;
  return first.trim().length >= wrappedCharactersMin || /^\s*\p{Ll}/u.test(second);
}

function push(blocks: Span[], text: string, start: number, end: number): void {
  let from = start;
  while (end - from > blockCharactersMax) {
    const until = breakBefore(text, from, from + blockCharactersMax);
    blocks.push({ start: from, end: until });
    from = until;
  }
  if (end > from) blocks.push({ start: from, end });
}

function cut(found: Span[], text: string, start: number, end: number): void {
  const raw = text.slice(start, end);
  const trimmedStart = raw.trimStart();
  const from = start + (raw.length - trimmedStart.length);
  const marks = leadingMarks.exec(trimmedStart)?.[0].length ?? 0;
  const until = start + raw.trimEnd().length;
  for (let at = from + marks; at < until;) {
    const next = until - at > sentenceCharactersMax ? breakBefore(text, at, at + sentenceCharactersMax) : until;
    const piece = text.slice(at, next);
    const gap = piece.length - piece.trimStart().length;
    if (gap < piece.length) found.push({ start: at + gap, end: at + piece.trimEnd().length });
    at = next;
  }
}

/** The last place before `limit` that parts two words, or else no surrogate pair. */
function breakBefore(text: string, from: number, limit: number): number {
  const space = text.slice(from, limit).search(/\s\S*$/);
  if (space !== -1) return from + space + 1;
  return /[\uD800-\uDBFF]/.test(text[limit - 1] ?? '') ? limit - 1 : limit;
}
