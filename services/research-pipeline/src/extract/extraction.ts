import type { PageSpan } from '../sources/source.ts';

/** What is known of bytes before anybody looks into them; each may be wrong, and none is believed against the bytes. */
export interface Described {
  /** As the server or the client said it, with its parameters: `text/html; charset=utf-8`. */
  contentType: string | null;
  /** Of the file. */
  name: string | null;
  url: string | null;
}

/** The text of a document, and where in it each page lies. */
export interface ExtractedText {
  title: string;
  /** Well-formed, with `\n` for every new line, without NUL; blocks are two new lines apart. */
  text: string;
  pages: PageSpan[];
  /** Of what the bytes turned out to be: `application/pdf`. */
  contentType: string;
  /** ISO 639-1, or null when the text does not tell. */
  language: string | null;
  /** As the document itself says, in ISO 8601; null when it does not. */
  publishedAt: string | null;
}

export type Extraction = ({ status: 'extracted' } & ExtractedText) | { status: 'failed'; reason: string };

/** What a format gives; the rest is the same for all. */
export interface FormatText {
  /** '' when the document has none. */
  title: string;
  text: string;
  pages: PageSpan[];
  /** What the document claims. */
  language: string | null;
  publishedAt: string | null;
}

/** The bytes are not what somebody could read, for a reason that may be told. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
