import { isoDate } from '../sources/iso-date.ts';
import type { Hit } from '../sources/source.ts';

const [titleLengthMax, snippetLengthMax, urlLengthMax] = [300, 1_000, 2_000];

/** What a provider says of one find; markup in it is taken out. */
export interface Find {
  provider: string;
  url: string;
  title: string;
  snippet?: string | null | undefined;
  publishedAt?: string | null | undefined;
}

/** None when its address is none that could be fetched. */
export function buildHits(finds: readonly Find[]): Hit[] {
  return finds.flatMap(({ provider, url, title, snippet, publishedAt }) => {
    const parsed = URL.parse(url);
    if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.href.length > urlLengthMax) return [];
    return [
      {
        provider,
        url: parsed.href,
        documentId: null,
        title: plainText(title).slice(0, titleLengthMax) || parsed.host,
        snippet: plainText(snippet ?? '').slice(0, snippetLengthMax),
        publishedAt: isoDate(publishedAt ?? null),
      },
    ];
  });
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** Text of a few words with `<b>` and `&amp;` in it, without them. */
export function plainText(markup: string): string {
  return markup
    .replace(/<\/?[a-z][^<>]{0,500}>/gi, '')
    .replace(
      /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/gi,
      (whole, decimal?: string, hex?: string, name?: string) => {
        if (name !== undefined) return entities[name.toLowerCase()] ?? whole;
        const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
        return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
      },
    )
    .replaceAll('\0', '')
    .replace(/\s+/g, ' ')
    .trim()
    .toWellFormed();
}
