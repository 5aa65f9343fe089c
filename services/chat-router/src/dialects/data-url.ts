import type { Source } from './chat-request.ts';

/** The source behind an address: the bytes of a `data:` URL in base64, or the address itself. */
export function sourceOfUrl(url: string): Source {
  // Not by one expression over the whole: what follows the comma may be megabytes.
  const comma = url.startsWith('data:') ? url.indexOf(',', 5) : -1;
  if (comma === -1 || comma > 200) return { kind: 'url', url };
  const [mediaType = '', ...parameters] = url.slice(5, comma).split(';');
  if (!parameters.includes('base64')) return { kind: 'url', url };
  return { kind: 'data', mediaType: mediaType.toLowerCase(), base64: url.slice(comma + 1) };
}

export function dataUrl(mediaType: string, base64: string): string {
  return `data:${mediaType};base64,${base64}`;
}
