const double = /(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/;
/** Their beginning ends where no vowel is followed by another letter: without this `university` would meet `universe`. */
const firstRegion = /^(?:gener|commun|arsen|univers|past|emerg|later|inter|organ)/;

const exceptions = new Map([
  ['skis', 'ski'],
  ['skies', 'sky'],
  ['idly', 'idl'],
  ['gently', 'gentl'],
  ['ugly', 'ugli'],
  ['early', 'earli'],
  ['only', 'onli'],
  ['singly', 'singl'],
]);
const invariant = new Set(
  'sky news howe atlas cosmos bias andes inning outing canning herring earring proceed exceed succeed'.split(' '),
);

const secondStep: readonly (readonly [string, string])[] = [
  ['ization', 'ize'],
  ['ational', 'ate'],
  ['ousness', 'ous'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['tional', 'tion'],
  ['lessli', 'less'],
  ['biliti', 'ble'],
  ['entli', 'ent'],
  ['ation', 'ate'],
  ['alism', 'al'],
  ['aliti', 'al'],
  ['fulli', 'ful'],
  ['ousli', 'ous'],
  ['iviti', 'ive'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['abli', 'able'],
  ['izer', 'ize'],
  ['ator', 'ate'],
  ['alli', 'al'],
  ['bli', 'ble'],
];
const thirdStep: readonly (readonly [string, string])[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['alize', 'al'],
  ['icate', 'ic'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ness', ''],
  ['ful', ''],
];
const fourthStep = /(?:ement|ance|ence|able|ible|ment|ant|ent|ism|ate|iti|ous|ive|ize|al|er|ic|(?<=[st])ion)$/;

/** The stem of an English word in lower case, by the rules of Porter's second stemmer: forms of one word get the same one. */
export function stemEnglish(given: string): string {
  const bare = given
    .replaceAll('’', "'")
    .replace(/^'/, '')
    .replace(/'(?:s'?)?$/, '');
  if (bare.length <= 2) return bare;
  const known = exceptions.get(bare);
  if (known !== undefined) return known;
  if (invariant.has(bare)) return bare;
  // A `y` that sounds like a consonant is written large meanwhile.
  let word = bare.replace(/^y/, 'Y').replaceAll(/([aeiouy])y/g, '$1Y');
  const [first, second] = regionsOf(word);
  word = withoutPlural(word);
  word = withoutTense(word, first);
  word = word.replace(/(?<=.[^aeiouy])[yY]$/, 'i');
  word = replaced(word, first, secondStep);
  if (word.endsWith('logi') && word.length - 3 >= first) word = word.slice(0, -1);
  else if (/[cdeghkmnrt]li$/.test(word) && word.length - 2 >= first) word = word.slice(0, -2);
  word = replaced(word, first, thirdStep);
  if (word.endsWith('ative') && word.length - 5 >= second) word = word.slice(0, -5);
  const ending = fourthStep.exec(word);
  if (ending !== null && ending.index >= second) word = word.slice(0, ending.index);
  return withoutLast(word, first, second).toLowerCase();
}

/** Where the word's first and second region begin: each behind a consonant that follows a vowel. */
function regionsOf(word: string): [first: number, second: number] {
  const known = firstRegion.exec(word)?.[0].length;
  const first = known ?? behindConsonant(word, 0);
  return [first, behindConsonant(word, first)];
}

function behindConsonant(word: string, from: number): number {
  const found = /[aeiouy][^aeiouy]/.exec(word.slice(from));
  return found === null ? word.length : from + found.index + 2;
}

function withoutPlural(word: string): string {
  if (word.endsWith('sses')) return word.slice(0, -2);
  if (/ie[ds]$/.test(word)) return word.length > 4 ? word.slice(0, -2) : word.slice(0, -1);
  if (/(?:us|ss)$/.test(word)) return word;
  // Only behind a vowel that is not the last letter: `gaps`, but not `gas`.
  return /[aeiouy].+s$/.test(word) ? word.slice(0, -1) : word;
}

function withoutTense(word: string, first: number): string {
  if (/eed(?:ly)?$/.test(word)) {
    const stem = word.replace(/eed(?:ly)?$/, '');
    return stem.length >= first ? `${stem}ee` : word;
  }
  const stem = word.replace(/(?:ed|edly|ing|ingly)$/, '');
  if (stem === word || !/[aeiouy]/.test(stem)) return word;
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (double.test(stem) && !/^[aeo](?:dd|ff|gg)$/.test(stem)) return stem.slice(0, -1);
  return stem.length <= first && endsShort(stem) ? `${stem}e` : stem;
}

function endsShort(word: string): boolean {
  return /^[aeiouy][^aeiouy]$/.test(word) || /[^aeiouy][aeiouy][^aeiouywxY]$/.test(word) || word === 'past';
}

function replaced(word: string, first: number, rules: readonly (readonly [string, string])[]): string {
  for (const [ending, by] of rules) {
    if (!word.endsWith(ending)) continue;
    const stem = word.slice(0, -ending.length);
    return stem.length >= first ? stem + by : word;
  }
  return word;
}

function withoutLast(word: string, first: number, second: number): string {
  const stem = word.slice(0, -1);
  if (word.endsWith('e')) return stem.length >= second || (stem.length >= first && !endsShort(stem)) ? stem : word;
  return word.endsWith('ll') && stem.length >= second ? stem : word;
}
