import { decodeText } from './decode-text.ts';
import { detectLanguage } from './detect-language.ts';
import { extractHtml } from './extract-html.ts';
import { extractMarkdown } from './extract-markdown.ts';
import { extractPdf } from './extract-pdf.ts';
import { extractText } from './extract-text.ts';
import { Unreadable, type Described, type Extraction, type FormatText } from './extraction.ts';
import { sniffContent, type SniffedContent } from './sniff-content.ts';

const [textLengthMax, titleLengthMax] = [10_000_000, 300];

/** Bytes as text. What cannot be read is an outcome; only `extraction-thread.ts` calls this outside of tests. */
export async function extractBytes(bytes: Uint8Array, described: Described): Promise<Extraction> {
  const sniffed = sniffContent(bytes, described);
  if (sniffed === null) return failed('This is no format that can be read: PDF, HTML, Markdown and plain text are.');
  try {
    const found = await extractFormat(bytes, sniffed);
    const text = wellFormed(found.text);
    if (text.trim() === '') return failed('There is no text in it.');
    if (text.length > textLengthMax) return failed(`Its text is longer than ${textLengthMax} characters.`);
    return {
      status: 'extracted',
      title: wellFormed(found.title).slice(0, titleLengthMax) || nameOf(described),
      text,
      pages: found.pages,
      contentType: sniffed.contentType,
      language: detectLanguage(text, found.language),
      publishedAt: found.publishedAt,
    };
  } catch (error) {
    if (error instanceof Unreadable) return failed(error.message);
    if (error instanceof RangeError) return failed('It is nested too deeply to be read.');
    // Parsers throw anything at bytes that somebody made for them; one such document must not end a job.
    return failed(`The reader gives up on it (${error instanceof Error ? error.name : 'unknown'}).`);
  }
}

async function extractFormat(bytes: Uint8Array, { kind, charset }: SniffedContent): Promise<FormatText> {
  if (kind === 'pdf') return extractPdf(bytes);
  const decoded = decodeText(bytes, { charset, isMarkup: kind === 'html' }).replace(/\r\n?/g, '\n');
  switch (kind) {
    case 'html':
      return extractHtml(decoded);
    case 'markdown':
      return extractMarkdown(decoded);
    case 'text':
      return extractText(decoded);
  }
}

/** Databases keep neither NUL nor half a character. Each is replaced by one sign, so that no place in the text moves. */
function wellFormed(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}

/** What somebody called it, where it does not call itself anything. */
function nameOf({ name, url }: Described): string {
  if (name !== null && name.trim() !== '') return name.trim().slice(0, titleLengthMax);
  const parsed = URL.parse(url ?? '');
  return parsed === null ? 'Untitled' : `${parsed.host}${parsed.pathname}`.replace(/\/$/, '').slice(0, titleLengthMax);
}

function failed(reason: string): Extraction {
  return { status: 'failed', reason };
}
