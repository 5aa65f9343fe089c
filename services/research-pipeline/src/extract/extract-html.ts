import { Readability } from '@mozilla/readability';
import { parseHtml } from '../sources/parse-dom.ts';
import { Unreadable, type FormatText } from './extraction.ts';
import { publishedDateOf } from './published-date.ts';
import { textOfDom } from './text-of-dom.ts';

/** What no reader sees, and what is no text. Text that only machines see is where instructions to machines are hidden. */
const invisible =
  'script,style,template,noscript,svg,canvas,iframe,object,embed,button,select,input,textarea,dialog,[hidden],[aria-hidden="true"]';
const invisibleStyle =
  /display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0+)?\s*(?:;|!|$)|font-size\s*:\s*0(?:\.0+)?[a-z%]*\s*(?:;|!|$)|(?:left|top|text-indent)\s*:\s*-\d{3,}|clip-path\s*:\s*inset\(\s*(?:50|100)%/i;

/** Deeper than any page that somebody wrote; parsers and readers call themselves once for each level. */
const depthMax = 1_500;

/** An article shorter than this, on a page that says more, is a piece that was taken for the whole. */
const articleLengthMin = 250;

/** The main text of a page, without what stands around it. Throws `Unreadable`. */
export function extractHtml(html: string): FormatText {
  if (depthOf(html) > depthMax) throw new Unreadable('The page is nested too deeply to be read.');
  const document = parseHtml(
    /<html[\s>]/i.test(html) ? html : `<!doctype html><html><head></head><body>${html}</body></html>`,
  );
  const claims = { language: document.documentElement.getAttribute('lang'), publishedAt: publishedDateOf(document) };
  const titles = [contentOf('meta[property="og:title"]'), document.querySelector('title')?.textContent];
  removeInvisible();
  titles.push(document.querySelector('h1')?.textContent);
  const whole = textOfDom(document.querySelector('body') ?? document.documentElement);
  const article = mainText();
  const text =
    article !== null && article.text.length >= Math.min(articleLengthMin, whole.length) ? article.text : whole;
  const title = [article?.title, ...titles].map((found) => oneLine(found ?? '')).find((found) => found !== '');
  return { title: title ?? '', text, pages: [], ...claims };

  function contentOf(selector: string): string | null {
    return document.querySelector(selector)?.getAttribute('content') ?? null;
  }

  function removeInvisible(): void {
    for (const element of document.querySelectorAll(invisible)) element.remove();
    for (const element of document.querySelectorAll('[style]'))
      if (invisibleStyle.test(element.getAttribute('style') ?? '')) element.remove();
    // Signs beside headings that lead to themselves.
    for (const element of document.querySelectorAll('a[href^="#"]'))
      if (/^\s*[¶#§]\s*$/.test(element.textContent ?? '')) element.remove();
  }

  function mainText(): { title: string; text: string } | null {
    const article = new Readability(document, { serializer: textOfDom, charThreshold: articleLengthMin }).parse();
    if (article === null) return null;
    return { title: article.title ?? '', text: article.content ?? '' };
  }
}

/** How deep the tags go, roughly: what is never closed counts as open. */
function depthOf(html: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [, closing, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9-]*)(?:\s[^<>]*)?>/gi)) {
    if (neverClosed.has(name.toLowerCase())) continue;
    depth = closing === '/' ? Math.max(0, depth - 1) : depth + 1;
    if (depth > deepest) deepest = depth;
  }
  return deepest;
}

const neverClosed = new Set(
  'area base br col embed hr img input link meta param source track wbr p li dt dd tr td th option'.split(' '),
);

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
