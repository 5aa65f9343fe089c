const word = /[\p{L}\p{N}]+(?:['’][\p{L}]+)?/gu;
const wideScript = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** Words that carry no subject, in the languages that reports are most often written in. */
const empty = new Set(
  [
    'a about above after again all also although always am among an and any are as at be because been before being between both',
    'but by can cannot could did do does doing done down during each either else ever every for from further had has have',
    'having he her here hers him his how however i if in into is it its itself just least less let many may me might more most',
    'much must my neither no nor not now of off often on once one only or other our ours out over own per quite rather really',
    'said same she should since so some still such than that the their theirs them then there these they this those though',
    'through thus to too under until up upon us use used uses using very via was we well were what when where whether which while',
    'who whom whose why will with within without would yet you your yours',
    'aber als am an auch auf aus bei bin bis das dass dem den der des die doch du durch ein eine einem einen einer eines er es',
    'für hat haben ich ihr im in ist ja kann mit nach nicht noch nur ob oder sich sie sind so über um und uns unter vom von vor war',
    'was wie wir wird zu zum zur',
    'au aux avec ce ces cette dans de des du elle en est et il ils je la le les leur mais ne nous on ou par pas pour qu que qui sa',
    'se ses son sont sur un une vous',
    'al como con del el ella en es esta este la las lo los más no para pero por que se sin su sus un una y',
  ].flatMap((line) => line.split(' ')),
);

/** What a text is about, as stems in order, repetitions included: without empty words, case and common endings. */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  for (const [found] of text.normalize('NFKC').toLowerCase().matchAll(word)) {
    if (wideScript.test(found)) terms.push(...pairsOf(found));
    else if (!empty.has(found)) terms.push(stemOf(found));
  }
  return terms;
}

/** Scripts without spaces between words are read two characters at a time. */
function pairsOf(text: string): string[] {
  const characters = Array.from(text);
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`);
}

/** Takes common English endings off, so that `networks` meets `network` and `training` meets `trained`. */
function stemOf(given: string): string {
  let stem = given.replace(/['’]s?$/u, '');
  if (stem.length > 4) stem = stem.replace(/ies$/u, 'y');
  if (stem.length > 4) stem = stem.replace(/(ss|sh|ch|x|z)es$/u, '$1');
  if (stem.length > 3) stem = stem.replace(/([^su])s$/u, '$1');
  const bare = stem.replace(/(?:ing|edly|ed|ly)$/u, '');
  if (bare.length > 3 && /[aeiouyäöü]/u.test(bare) && bare !== stem) stem = bare.replace(/([bdfgmnprt])\1$/u, '$1');
  return stem.length > 4 ? stem.replace(/e$/u, '') : stem;
}

/** Terms and their weights. */
export type TermVector = ReadonlyMap<string, number>;

/** How rare each term is among so many texts: 1 for one that stands in all, more for a rarer one. */
export function rarityOf(texts: readonly (readonly string[])[]): (term: string) => number {
  const counts = new Map<string, number>();
  for (const terms of texts) for (const term of new Set(terms)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return (term) => 1 + Math.log((1 + texts.length) / (1 + (counts.get(term) ?? 0)));
}

/** Each term weighted by how often it stands there and how rare it is elsewhere; of length 1. */
export function vectorOf(terms: readonly string[], rarity: (term: string) => number): TermVector {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  const weights = [...counts].map(([term, count]) => [term, (1 + Math.log(count)) * rarity(term)] as const);
  const length = Math.sqrt(weights.reduce((sum, [, weight]) => sum + weight * weight, 0));
  return new Map(length === 0 ? [] : weights.map(([term, weight]) => [term, weight / length] as const));
}

/** The cosine of two vectors of length 1. */
export function likeness(one: TermVector, other: TermVector): number {
  const [small, large] = one.size < other.size ? [one, other] : [other, one];
  let sum = 0;
  for (const [term, weight] of small) sum += weight * (large.get(term) ?? 0);
  return sum;
}
