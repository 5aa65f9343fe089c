/** Markup that was made here. Whatever else is put into a page is text, and is escaped. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Part = Markup | string | number | null | readonly Part[];

/** Markup with values in it: a value that is no markup itself is escaped, wherever it stands. `null` is nothing. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    texts.map((text, index) => text + (index < parts.length ? write(parts[index] ?? null) : '')).join(''),
  );
}

function write(part: Part): string {
  if (part === null) return '';
  if (part instanceof Markup) return part.source;
  if (typeof part === 'string') return escapeMarkup(part);
  if (typeof part === 'number') return String(part);
  return part.map(write).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeMarkup(text: string): string {
  return readable(text).replaceAll(/[&<>"']/gu, (character) => entities[character] ?? '');
}

/**
 * A text without what no reader sees and some programs obey: control characters, marks that turn the direction of writing, and
 * halves of characters.
 */
export function readable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu,
      '',
    );
}

/** The address if it leads to a page on the web and nowhere else; null for scripts, data, and what is no address. */
export function webAddress(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const { protocol, href, username, password } = new URL(url);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '' ? href : null;
}
