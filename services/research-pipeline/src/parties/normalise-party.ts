/** A party as a document names it. */
export interface Mention {
  name: string;
  taxId: string | null;
  address: string | null;
}

/** The same, as it is compared: equal keys are the same words. */
export interface PartyKeys {
  nameKey: string;
  taxId: string | null;
  addressKey: string | null;
}

/** What kind of company somebody is says nothing of who it is. */
const legalForms = new Set(
  (
    'inc incorporated corp corporation co company ltd limited llc llp lp plc pllc gmbh mbh ag kg ohg gbr ug se sa sas sarl ' +
    'sasu snc srl spa sl slu bv nv vof oy oyj ab asa aps as sp zoo doo kft zrt pty pte pvt kk ltda eirl cv'
  ).split(' '),
);
const smallWords = new Set(['the', 'and', 'of', 'und', 'et', 'y', 'e', 'de']);

const streetWords: Readonly<Record<string, string>> = {
  street: 'st',
  strasse: 'str',
  avenue: 'ave',
  road: 'rd',
  boulevard: 'blvd',
  drive: 'dr',
  lane: 'ln',
  square: 'sq',
  suite: 'ste',
  floor: 'fl',
  building: 'bldg',
  north: 'n',
  south: 's',
  east: 'e',
  west: 'w',
};

const nameKeyLengthMax = 300;

/** Equal for names that differ in case, accents, punctuation, order of words, legal form and small words alone. */
export function keysOf({ name, taxId, address }: Mention): PartyKeys {
  return {
    nameKey: nameKey(name).slice(0, nameKeyLengthMax),
    taxId: taxIdKey(taxId),
    addressKey: address === null ? null : addressKey(address),
  };
}

function nameKey(name: string): string {
  const all = wordsOf(name);
  // Of signs alone there are no words; they are what they are.
  if (all.length === 0) return name.normalize('NFKC').toLowerCase().trim();
  const without = withoutLegalForm(all).filter((word) => !smallWords.has(word));
  // Somebody may be called "The Company".
  return (without.length > 0 ? without : all).sort().join(' ');
}

/** Without the legal form at the end (`GmbH & Co. KG`, `S.A.`), or a lone `Co` anywhere before it. */
function withoutLegalForm(words: readonly string[]): string[] {
  let end = words.length;
  while (end > 1 && (legalForms.has(words[end - 1] ?? '') || smallWords.has(words[end - 1] ?? ''))) end -= 1;
  return words.slice(0, end);
}

function addressKey(address: string): string | null {
  const words = wordsOf(address).map((word) => streetWords[word] ?? word.replace(/(?<=..)stra(?:ss|ß)e$/, 'str'));
  return words.length === 0 ? null : words.sort().join(' ').slice(0, nameKeyLengthMax);
}

/** Letters and digits alone, in capitals; what has fewer than four of them identifies nobody. */
function taxIdKey(taxId: string | null): string | null {
  const key = (taxId ?? '')
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    .slice(0, 40);
  return key.length < 4 ? null : key;
}

function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll('æ', 'ae')
    .replaceAll('ø', 'o')
    .replaceAll('ł', 'l')
    .replaceAll('&', ' and ')
    // S.A. is one word, and so is O'Brien.
    .replaceAll(/(?<=\b\p{L})\.(?=\p{L}\b)/gu, '')
    .replaceAll(/['’`]/g, '');
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}
