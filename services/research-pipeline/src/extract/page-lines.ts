/** A piece of text on a page, as a PDF places it. `transform` ends with where its lower left corner is. */
export interface PlacedText {
  str: string;
  transform: readonly number[];
  width: number;
  height: number;
  hasEOL: boolean;
}

export interface PageLine {
  text: string;
  /** Of its baseline, from the bottom of the page. */
  y: number;
  right: number;
  height: number;
}

/** The lines of a page, in the order in which they were set. */
export function linesOf(items: readonly PlacedText[]): PageLine[] {
  const lines: PageLine[] = [];
  let pieces: PlacedText[] = [];
  const finish = (): void => {
    const text = clean(pieces.map(({ str }) => str).join(''));
    const placed = pieces.filter(({ str }) => str.trim() !== '');
    pieces = [];
    if (text === '') return;
    lines.push({
      text,
      y: placed[0]?.transform[5] ?? 0,
      right: Math.max(...placed.map(({ transform, width }) => (transform[4] ?? 0) + width)),
      height: Math.max(...placed.map(({ height }) => height)),
    });
  };
  for (const item of items) {
    pieces.push(item);
    if (item.hasEOL) finish();
  }
  finish();
  return lines;
}

/** Ligatures and soft hyphens are how letters are set, not what is written. */
function clean(text: string): string {
  return text
    .replace(/[\ufb00-\ufb06]/g, (ligature) => ligature.normalize('NFKC'))
    .replaceAll('\u00ad', '')
    .replace(/\s+/g, ' ')
    .trim();
}

const [headingLinesMax, headingLengthMax] = [3, 200];

/** The lines of a page that are set larger than all others, when they stand out and are as few as a title's; '' otherwise. */
export function headingOf(lines: readonly PageLine[]): string {
  const heights = lines.map(({ height }) => height).sort((a, b) => a - b);
  const usual = heights[Math.floor(heights.length / 2)] ?? 0;
  const largest = heights.at(-1) ?? 0;
  if (largest < 1.15 * usual) return '';
  const heading = lines.filter(({ height }) => height > 0.98 * largest);
  const text = heading.map((line) => line.text).join(' ');
  return heading.length <= headingLinesMax && text.length <= headingLengthMax ? text : '';
}

const [runningPagesMin, runningShareMin] = [4, 0.6];

/** Without the first and last lines that most pages have alike, but for their numbers: titles and page numbers of a book. */
export function dropRunningLines(pages: readonly PageLine[][]): PageLine[][] {
  if (pages.length < runningPagesMin) return [...pages];
  const runningMin = pages.length * runningShareMin;
  const isRunning = (place: number): ((line: PageLine | undefined) => boolean) => {
    const counts = new Map<string, number>();
    for (const page of pages) {
      const line = page.at(place);
      if (line !== undefined) counts.set(patternOf(line), (counts.get(patternOf(line)) ?? 0) + 1);
    }
    return (line) => line !== undefined && (counts.get(patternOf(line)) ?? 0) >= runningMin;
  };
  const isHead = isRunning(0);
  const isFoot = isRunning(-1);
  return pages.map((page) => page.slice(isHead(page[0]) ? 1 : 0, isFoot(page.at(-1)) ? -1 : undefined));
}

function patternOf({ text }: PageLine): string {
  return text.replace(/\d+/g, '#');
}

/** The lines of a page as running text: lines of a paragraph by spaces, words that were divided at a line's end as one. */
export function joinLines(lines: readonly PageLine[]): string {
  const spacing = usualSpacing(lines);
  const right = Math.max(0, ...lines.map((line) => line.right));
  let text = '';
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1];
    if (before === undefined) text = line.text;
    else if (beginsParagraph(before, line, { spacing, right })) text += `\n\n${line.text}`;
    else if (isDivided(text, line.text)) text = text.slice(0, -1) + line.text;
    else text += ` ${line.text}`;
  }
  return text;
}

/** The distance of lines that is most common on the page; 0 when there is only one line. */
function usualSpacing(lines: readonly PageLine[]): number {
  const gaps = lines
    .flatMap((line, index) => {
      const gap = index === 0 ? 0 : (lines[index - 1]?.y ?? 0) - line.y;
      return gap > 0 ? [gap] : [];
    })
    .sort((a, b) => a - b);
  return gaps[Math.floor(gaps.length / 2)] ?? 0;
}

function beginsParagraph(before: PageLine, line: PageLine, page: { spacing: number; right: number }): boolean {
  const isUnfinished = /[\p{Ll}\p{Lo},-]$/u.test(before.text) && /^[\p{Ll}(]/u.test(line.text);
  if (isUnfinished) return false;
  const gap = before.y - line.y;
  const isOtherSize = Math.abs(before.height - line.height) > 0.15 * Math.max(before.height, line.height);
  const isApart = gap > 1.45 * page.spacing || gap > 1.9 * line.height;
  const isListed = /^(?:[•‣▪●◦–—*]\s|\(?\d{1,3}[.)]\s)/u.test(line.text);
  const isCutShort = /[.!?:。！？]["'”’)\]]?$/u.test(before.text) && before.right < 0.8 * page.right;
  // Upwards is a new column: the sentence goes on unless it had ended.
  if (gap < 0) return isOtherSize || /[.!?:。！？]["'”’)\]]?$/u.test(before.text);
  return isOtherSize || isApart || isListed || isCutShort;
}

function isDivided(text: string, next: string): boolean {
  return /\p{Ll}-$/u.test(text) && /^\p{Ll}/u.test(next);
}
