/** What a cell of a table can hold. An object is written as its JSON. */
type CellValue = string | number | boolean | null | undefined | object;

/**
 * One line of RFC 4180, with its CRLF. A text that a spreadsheet would take for a formula is preceded by an apostrophe, which
 * such programs do not show; numbers are left as they are, since a minus before a number is no formula.
 */
export function csvLine(cells: readonly CellValue[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

function cellOf(value: CellValue): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return quoted(guarded(typeof value === 'string' ? value : JSON.stringify(value)));
}

/** Also after white space, and in the full-width forms that some programs read alike. */
const formula = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r]/;

function guarded(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
