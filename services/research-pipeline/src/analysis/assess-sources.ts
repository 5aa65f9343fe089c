import type { Credibility } from './analysis.ts';
import type { ReadText } from './read-text.ts';

/** So many sentences in common mean that two sources say the same. */
const sharedMin = 2;
const wordsMin = 6;

/** What is plain about each source: where it comes from, when it was published, how long it is, and with whom it agrees. */
export function assessSources(texts: readonly ReadText[]): Credibility[] {
  const keys = texts.map(
    ({ sentences }) =>
      new Set(sentences.map(({ text }) => keyOf(text)).filter((key) => key.split(' ').length >= wordsMin)),
  );
  return texts.map(({ source }, index) => {
    const own = keys[index] ?? new Set<string>();
    const agreesWith = texts.flatMap(({ source: other }, place) => {
      if (place === index) return [];
      const shared = [...(keys[place] ?? [])].filter((key) => own.has(key)).length;
      return shared >= sharedMin ? [other.n] : [];
    });
    return { n: source.n, signals: signalsOf(texts[index]), agreesWith };
  });
}

function signalsOf(text: ReadText | undefined): Credibility['signals'] {
  if (text === undefined) return [];
  const { source, sentences } = text;
  const { url, documentId, publishedAt } = source;
  const references = source.text.match(/\bdoi\.org\/|\bdoi:|\barXiv:\d|\[\d{1,3}\]|\bet al\./gu)?.length ?? 0;
  return [
    { name: 'origin', value: documentId === null ? originOf(url) : 'a document of your own' },
    { name: 'published', value: publishedAt?.slice(0, 10) ?? 'not said' },
    ...(url === null ? [] : [{ name: 'transport', value: url.startsWith('https:') ? 'encrypted' : 'not encrypted' }]),
    { name: 'sentences of prose', value: String(sentences.length) },
    { name: 'references to other work', value: String(references) },
  ];
}

function originOf(url: string | null): string {
  if (url === null || !URL.canParse(url)) return 'not known';
  const { hostname } = new URL(url);
  if (/\.(?:gov|mil)(?:\.[a-z]{2})?$/u.test(hostname) || hostname.endsWith('.europa.eu'))
    return `a government (${hostname})`;
  if (/\.(?:edu|ac)(?:\.[a-z]{2})?$/u.test(hostname)) return `a university (${hostname})`;
  return hostname;
}

function keyOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
