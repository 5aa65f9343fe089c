import { isoDate } from '../sources/iso-date.ts';
import type { DomDocument } from '../sources/parse-dom.ts';

const metaNames = [
  'meta[property="article:published_time"]',
  'meta[name="citation_publication_date"]',
  'meta[name="citation_date"]',
  'meta[name="dc.date" i]',
  'meta[name="dcterms.issued" i]',
  'meta[itemprop="datePublished"]',
  'meta[name="date" i]',
];

/** When a page says it was published, in ISO 8601; null when it does not say, or nothing that is a date. */
export function publishedDateOf(document: DomDocument): string | null {
  for (const selector of metaNames) {
    const date = isoDate(document.querySelector(selector)?.getAttribute('content') ?? null);
    if (date !== null) return date;
  }
  for (const script of document.querySelectorAll('script[type="application/ld+json"]')) {
    const date = isoDate(/"datePublished"\s*:\s*"([^"]{4,40})"/.exec(script.textContent ?? '')?.[1] ?? null);
    if (date !== null) return date;
  }
  const time =
    document.querySelector('time[itemprop="datePublished"]') ?? document.querySelector('article time[datetime]');
  return isoDate(time?.getAttribute('datetime') ?? null);
}
