import type { TimelineEntry } from './analysis.ts';
import { placeOf, type ReadText } from './read-text.ts';

const entriesMax = 30;
const perYearMax = 3;
const [yearMin, yearMax] = [1_000, 2_199];

const months: Readonly<Record<string, string>> = {
  ...{ january: '01', januar: '01', february: '02', februar: '02', march: '03', märz: '03', april: '04' },
  ...{ may: '05', mai: '05', june: '06', juni: '06', july: '07', juli: '07', august: '08' },
  ...{ september: '09', october: '10', oktober: '10', november: '11', december: '12', dezember: '12' },
};
const month = Object.keys(months).join('|');
const patterns: readonly { pattern: RegExp; read: (groups: readonly string[]) => string }[] = [
  { pattern: /\b(\d{4})-(\d{2})-(\d{2})\b/gu, read: ([year = '', m = '', day = '']) => `${year}-${m}-${day}` },
  {
    pattern: new RegExp(String.raw`\b(\d{1,2})\.? (${month}) (\d{4})\b`, 'giu'),
    read: ([day = '', m = '', year = '']) => `${year}-${monthOf(m)}-${day.padStart(2, '0')}`,
  },
  {
    pattern: new RegExp(String.raw`\b(${month}) (\d{1,2}),? (\d{4})\b`, 'giu'),
    read: ([m = '', day = '', year = '']) => `${year}-${monthOf(m)}-${day.padStart(2, '0')}`,
  },
  {
    pattern: new RegExp(String.raw`(?<!\d\.?\s)\b(${month}),? (\d{4})\b`, 'giu'),
    read: ([m = '', year = '']) => `${year}-${monthOf(m)}`,
  },
  // A bare number is a year only where a word says so.
  {
    pattern:
      /\b(?:in|since|by|until|from|during|im Jahr|seit|early|late|mid)[ -](\d{4})\b(?![\d.,]*\s?(?:%|percent|people|km|m\b))/giu,
    read: ([year = '']) => year,
  },
];

/** Sentences that name a date, in the order of the dates; at most three for one year, and the first of them. */
export function findTimeline(texts: readonly ReadText[]): TimelineEntry[] {
  const entries = texts.flatMap(({ sentences }) =>
    sentences.flatMap((sentence): TimelineEntry[] => {
      const [date] = datesIn(sentence.text);
      return date === undefined ? [] : [{ date, text: sentence.text, citations: [placeOf(sentence)] }];
    }),
  );
  const ofYear = new Map<string, number>();
  return entries
    .sort((one, other) => (one.date < other.date ? -1 : one.date > other.date ? 1 : 0))
    .filter(({ date }) => {
      const year = date.slice(0, 4);
      const count = ofYear.get(year) ?? 0;
      ofYear.set(year, count + 1);
      return count < perYearMax;
    })
    .slice(0, entriesMax);
}

/** The dates that a text names, the most exact first. */
function datesIn(text: string): string[] {
  return patterns.flatMap(({ pattern, read }) =>
    [...text.matchAll(pattern)].map(([, ...groups]) => read(groups)).filter(isDate),
  );
}

function isDate(date: string): boolean {
  const [year = 0, m = 1, day = 1] = date.split('-').map(Number);
  if (year < yearMin || year > yearMax || m < 1 || m > 12) return false;
  return day >= 1 && day <= new Date(Date.UTC(year, m, 0)).getUTCDate();
}

function monthOf(written: string): string {
  return months[written.toLowerCase()] ?? '';
}
