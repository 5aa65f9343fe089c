import { francAll } from 'franc-min';

const [sampleLengthMax, lengthMin, surenessLength] = [20_000, 24, 200];

/**
 * The language that a text is written in, as a two-letter code, by the three-letter sequences in it. Of a short text what the
 * document claims is better; without either, null.
 */
export function detectLanguage(text: string, claimed: string | null): string | null {
  const sample = text.slice(0, sampleLengthMax);
  const claim = twoLetters(claimed);
  if (sample.length < surenessLength && claim !== null) return claim;
  const ranked = francAll(sample, { minLength: lengthMin }).map(([language]) => language);
  return twoLetters(ranked.find((language) => !hasForeignLetters(sample, language)) ?? null) ?? claim;
}

/** Letters that a language does not have, where its neighbours in the ranking do. */
const foreignLetters: Readonly<Record<string, RegExp>> = {
  bul: /[ыэёіїєґў]/giu,
  rus: /[іїєґўјљњћђ]/giu,
  ukr: /[ыэёў]/giu,
  bel: /[ищїє]/giu,
  srp: /[йщьыэюя]/giu,
};
const foreignShareMin = 0.002;

function hasForeignLetters(sample: string, language: string): boolean {
  const letters = foreignLetters[language];
  return letters !== undefined && (sample.match(letters)?.length ?? 0) > sample.length * foreignShareMin;
}

/** `deu`, `de-AT` and `German` as `de`, `de` and null. */
function twoLetters(tag: string | null): string | null {
  if (tag === null || tag === 'und') return null;
  try {
    const [canonical] = Intl.getCanonicalLocales(tag.trim().replaceAll('_', '-'));
    const language = canonical?.split('-')[0]?.toLowerCase() ?? '';
    return language.length === 2 ? language : null;
  } catch {
    return null;
  }
}
