/** Where one page's text lies within the text of its source, in UTF-16 units: `text.slice(start, end)` is the page. */
export interface PageSpan {
  page: number;
  start: number;
  end: number;
}

/** What was read to write a report: the text that sentences are quoted from, and enough to prove where it came from. */
export interface Source {
  /** The number that citations use, given by the pipeline, from 1. */
  n: number;
  provider: string;
  /** The address that answered, after redirects; null for an uploaded document. */
  url: string | null;
  documentId: string | null;
  title: string;
  /** Of the bytes as fetched, without parameters: `text/html`. */
  contentType: string;
  /** Of the text in UTF-8, in hex. */
  sha256: string;
  /** The storage key of the bytes as fetched. */
  snapshot: string;
  text: string;
  pages: PageSpan[];
  /** A two-letter ISO 639-1 code, or null when the text does not tell. */
  language: string | null;
  publishedAt: string | null;
  fetchedAt: string;
}

/** One thing a provider found: an address to fetch, or a document to load. */
export interface Hit {
  provider: string;
  url: string | null;
  documentId: string | null;
  title: string;
  snippet: string;
  publishedAt: string | null;
}

/** How one provider answered one query: nothing found and nothing asked are told apart here. */
export interface SearchOutcome {
  provider: string;
  query: string;
  status: 'ok' | 'failed' | 'not_configured' | 'rate_limited';
  hits: number;
  /** Why there are none to be had; null when `status` is `ok`. */
  reason: string | null;
}
