import { franc } from 'franc-min';

const [sampleLengthMax, lengthMin, surenessLength] = [20_000, 24, 200];

/**
 * The language that a text is written in, as a two-letter code, by the three-letter sequences in it. Of a short text what the
 * document claims is better; without either, null.
 */
export function detectLanguage(text: string, claimed: string | null): string | null {
  const sample = text.slice(0, sampleLengthMax);
  const claim = twoLetters(claimed);
  if (sample.length < surenessLength && claim !== null) return claim;
  return twoLetters(franc(sample, { minLength: lengthMin })) ?? claim;
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
