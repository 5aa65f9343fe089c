import { marked } from 'marked';
import { isoDate } from '../sources/iso-date.ts';
import { parseHtml } from '../sources/parse-dom.ts';
import { Unreadable, type FormatText } from './extraction.ts';
import { textOfDom } from './text-of-dom.ts';

const frontMatter = /^---[ \t]*\n([^]{0,10000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)/;

/** Quotes and lists may be nested for as long as somebody types; the parser calls itself once for each level. */
const nestingMax = 100;

/** Markdown as a reader sees it, without its signs. Throws `Unreadable`. */
export function extractMarkdown(markdown: string): FormatText {
  const matter = frontMatter.exec(markdown);
  const body = markdown.slice(matter?.[0].length ?? 0);
  if (new RegExp(`^(?:[ \\t]*[>*+-][ \\t]*){${nestingMax},}[^\\s>*+-]`, 'm').test(body))
    throw new Unreadable('The document is nested too deeply to be read.');
  const html = marked.parse(body, { async: false, gfm: true });
  const document = parseHtml(`<!doctype html><html><body>${html}</body></html>`);
  for (const element of document.querySelectorAll('script,style,template,iframe,[hidden]')) element.remove();
  const title = fieldOf(matter?.[1], 'title') ?? document.querySelector('h1')?.textContent ?? '';
  return {
    title: title.replace(/\s+/g, ' ').trim(),
    text: textOfDom(document.querySelector('body') ?? document.documentElement),
    pages: [],
    language: fieldOf(matter?.[1], 'lang') ?? fieldOf(matter?.[1], 'language'),
    publishedAt: isoDate(fieldOf(matter?.[1], 'date')),
  };
}

function fieldOf(matter: string | undefined, name: string): string | null {
  const value = new RegExp(`^${name}:[ \\t]*(.+)$`, 'mi').exec(matter ?? '')?.[1]?.trim();
  return value?.replace(/^(["'])(.*)\1$/, '$2') ?? null;
}
