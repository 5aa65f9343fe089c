import { getDocumentProxy } from 'unpdf';
import type { PageSpan } from '../sources/source.ts';
import { Unreadable, type FormatText } from './extraction.ts';
import { dropRunningLines, headingOf, joinLines, linesOf, type PageLine } from './page-lines.ts';

const pagesMax = 3_000;

/** The text of a PDF, page by page, in the order of its lines. Throws `Unreadable`. */
export async function extractPdf(bytes: Uint8Array): Promise<FormatText> {
  const document = await opened(bytes);
  try {
    if (document.numPages > pagesMax) throw new Unreadable(`The PDF has more than ${pagesMax} pages.`);
    const pages: PageLine[][] = [];
    for (let number = 1; number <= document.numPages; number += 1) {
      const page = await document.getPage(number);
      const content = await page.getTextContent();
      pages.push(linesOf(content.items.flatMap((item) => ('str' in item ? [item] : []))));
      page.cleanup();
    }
    const texts = dropRunningLines(pages).map(joinLines);
    if (texts.every((text) => text === ''))
      throw new Unreadable('The PDF holds no text: its pages are pictures, or empty.');
    return {
      ...joined(texts),
      title: (await titleOf(document)) || headingOf(pages[0] ?? []),
      language: null,
      publishedAt: null,
    };
  } finally {
    await document.loadingTask.destroy();
  }
}

type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;

async function opened(bytes: Uint8Array): Promise<PdfDocument> {
  try {
    return await getDocumentProxy(bytes, { verbosity: 0, maxImageSize: 0 });
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException')
      throw new Unreadable('The PDF is protected by a password.');
    throw new Unreadable('The PDF cannot be read: it is damaged, or not one.');
  }
}

async function titleOf(document: PdfDocument): Promise<string> {
  const { info } = await document.getMetadata();
  const title: unknown = 'Title' in info ? info.Title : null;
  return typeof title === 'string' ? title.replace(/\s+/g, ' ').trim() : '';
}

const pageSeparator = '\n\n';

function joined(texts: readonly string[]): { text: string; pages: PageSpan[] } {
  let start = 0;
  const pages = texts.map((text, index) => {
    const span = { page: index + 1, start, end: start + text.length };
    start = span.end + pageSeparator.length;
    return span;
  });
  return { text: texts.join(pageSeparator), pages };
}
