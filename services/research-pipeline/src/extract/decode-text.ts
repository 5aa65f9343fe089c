import chardet from 'chardet';

export interface DecodeHints {
  /** The encoding that was declared with the bytes. */
  charset: string | null;
  /** HTML declares its encoding in itself. */
  isMarkup: boolean;
}

const guessedBytesMax = 65_536;
const declarationBytesMax = 4_096;

/**
 * Bytes as text, in the encoding that they are in. A mark at the start decides; then whether they are UTF-8, which other
 * encodings are by accident next to never, whatever a server says; then what was declared; then what it looks like.
 */
export function decodeText(bytes: Uint8Array, { charset, isMarkup }: DecodeHints): string {
  const marked = encodingOfMark(bytes);
  if (marked !== null) return decoded(bytes, marked);
  const declared = knownEncoding(charset) ?? (isMarkup ? declaredInMarkup(bytes) : null);
  if (declared?.startsWith('utf-16') === true || declared === 'iso-2022-jp') return decoded(bytes, declared);
  const utf8 = strictUtf8(bytes);
  if (utf8 !== null) return utf8;
  // A file that was cut, or a stray byte: still UTF-8 when that is what it says it is.
  return decoded(bytes, declared ?? guessedEncoding(bytes) ?? 'windows-1252');
}

function encodingOfMark(bytes: Uint8Array): string | null {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  return null;
}

function strictUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** An encoding that markup can declare is one that contains ASCII: UTF-16 in there means UTF-8 (WHATWG HTML, 13.2.3.2). */
function declaredInMarkup(bytes: Uint8Array): string | null {
  const start = Buffer.from(bytes.subarray(0, declarationBytesMax)).toString('latin1');
  const declared =
    /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]{1,40})/i.exec(start)?.[1] ??
    /^<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w:.-]{1,40})/.exec(start)?.[1];
  const encoding = knownEncoding(declared ?? null);
  return encoding?.startsWith('utf-16') === true ? 'utf-8' : encoding;
}

function guessedEncoding(bytes: Uint8Array): string | null {
  return knownEncoding(chardet.detect(bytes.subarray(0, guessedBytesMax)));
}

/** The name as the platform spells it; null for one that it does not know. */
function knownEncoding(label: string | null): string | null {
  if (label === null) return null;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return null;
  }
}

function decoded(bytes: Uint8Array, encoding: string): string {
  return new TextDecoder(encoding).decode(bytes);
}
