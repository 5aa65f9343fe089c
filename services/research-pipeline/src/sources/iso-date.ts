const earliest = Date.UTC(1450, 0);
const latest = Date.UTC(2200, 0);

/** A date that begins with its year, as ISO 8601 in UTC; null for any other text: `03/04/05` is three different days. */
export function isoDate(text: string | null): string | null {
  const [, year, month = '01', day = '01', time = ''] =
    /^\s*(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2})(?:[T ](.{5,}))?)?)?\s*$/.exec(text ?? '') ?? [];
  if (year === undefined) return null;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const clock = /^(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?\s*$/i.exec(time);
  const at = Date.parse(`${date}T${clock?.[1] ?? '00:00'}${(clock?.[2] ?? 'Z').toUpperCase()}`);
  return at >= earliest && at < latest ? new Date(at).toISOString() : null;
}
