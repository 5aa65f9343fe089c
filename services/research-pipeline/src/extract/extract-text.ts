import type { PageSpan } from '../sources/source.ts';
import type { FormatText } from './extraction.ts';

const titleLengthMax = 120;

/** Plain text as it is; form feeds divide it into pages, as printers do. */
export function extractText(decoded: string): FormatText {
  const text = decoded.trim();
  return { title: titleOf(text), text, pages: pagesOf(text), language: null, publishedAt: null };
}

function pagesOf(text: string): PageSpan[] {
  if (!text.includes('\f')) return [];
  let start = 0;
  return text.split('\f').map((page, index) => {
    const span = { page: index + 1, start, end: start + page.length };
    start = span.end + 1;
    return span;
  });
}

/** The first line, when it looks like a heading: short, and followed by something. */
function titleOf(text: string): string {
  const [first = '', ...rest] = text.split('\n', 2);
  const line = first.trim();
  return line.length <= titleLengthMax && rest.length > 0 && !/[.,;:]$/.test(line) ? line : '';
}
