import type { Citation } from '../writing/section.ts';
import { termsOf } from '../writing/terms.ts';
import type { Entity, EntityType } from './analysis.ts';
import { placeOf, type ReadSentence, type ReadText } from './read-text.ts';

const entitiesMax = 40;
const placesMax = 10;
const knownShareMin = 0.25;

interface Mention {
  name: string;
  type: EntityType | null;
  sentence: ReadSentence;
  index: number;
}

const month =
  '(?:January|February|March|April|May|June|July|August|September|October|November|December|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember)';
/** What is known by its form. */
const forms: readonly { type: EntityType; pattern: RegExp }[] = [
  { type: 'email address', pattern: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gu },
  { type: 'web address', pattern: /https?:\/\/[^\s<>"')\]]+[^\s<>"')\].,;:]/gu },
  {
    type: 'amount of money',
    pattern:
      /(?:[$€£¥]\s?\d[\d.,]*(?:\s?(?:thousand|million|billion|trillion|bn|m|k)\b)?|\d[\d.,]*\s?(?:thousand |million |billion )?(?:US dollars|dollars|euros|pounds|USD|EUR|GBP|CHF)\b)/giu,
  },
  { type: 'percentage', pattern: /\d[\d.,]*\s?(?:%|percent\b|per cent\b|Prozent\b)/giu },
  {
    type: 'date',
    pattern: new RegExp(
      String.raw`\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}\.? ${month} \d{4}\b|\b${month} \d{1,2}, \d{4}\b|\b${month} \d{4}\b`,
      'gu',
    ),
  },
];

/** Capitalised words in a row, with what may stand between them. */
const name =
  /(?<![\p{L}\p{N}])(?:\p{Lu}[\p{L}\p{N}'’.&-]*\p{L}|\p{Lu}{2,}\d*)(?:\s(?:(?:of|for|de|del|der|van|von|the|and|&)\s)?(?:\p{Lu}[\p{L}\p{N}'’.&-]*|\d{1,4}))*/gu;
const organisation =
  /\b(?:Inc|Ltd|LLC|GmbH|AG|SA|PLC|Corp|Corporation|Company|University|Universität|Institute|Institut|Agency|Ministry|Committee|Commission|Council|Association|Foundation|Organi[sz]ation|Bank|Group|Union|Department|Society|Laboratory|Laboratories|College|Court)\b/u;
const title = /(?:\b(?:Dr|Mr|Mrs|Ms|Prof|Professor|President|Minister|Sir|Dame|Herr|Frau|Chancellor|Senator)\.?\s)$/u;
const bareTitle = /^(?:Dr|Mr|Mrs|Ms|Prof|Professor|President|Minister|Sir|Dame|Herr|Frau)$/u;
const place = /\b(?:City|County|River|Lake|Island|Islands|Mount|Mountains|Ocean|Sea|Valley|Bay|Republic|Kingdom)\b/u;
const placeBefore = /\b(?:city|town|village|country|state|province|region|capital) of $/iu;

/**
 * Names, dates, amounts and addresses that the sources hold, the most frequent first. A name's type is said only where its form
 * or its neighbours say it. A single capitalised word counts where it stands within a sentence: at its beginning the capital
 * means nothing.
 */
export function findEntities(texts: readonly ReadText[]): Entity[] {
  const mentions = new Map<string, Mention[]>();
  for (const { sentences } of texts)
    for (const sentence of sentences)
      for (const mention of mentionsIn(sentence)) {
        const key = mention.name.toLowerCase();
        mentions.set(key, [...(mentions.get(key) ?? []), mention]);
      }
  return [...mentions.values()]
    .map(entityOf)
    .filter(({ type, mentions: count, name: found }) => type !== null || count > 1 || found.includes(' '))
    .sort((one, other) => other.mentions - one.mentions || compare(one.name, other.name))
    .slice(0, entitiesMax);
}

function mentionsIn(sentence: ReadSentence): Mention[] {
  const found: Mention[] = [];
  const isFree = (index: number, length: number): boolean =>
    found.every((one) => index + length <= one.index || one.index + one.name.length <= index);
  for (const { type, pattern } of forms)
    for (const { index, 0: written } of sentence.text.matchAll(pattern))
      if (isFree(index, written.length)) found.push({ name: written, type, sentence, index });
  for (const { index, 0: written } of sentence.text.matchAll(name)) {
    const bare = written.replace(/(?:['’]s?|[.&-])$/u, '');
    const isFirst = !/[\p{L}\p{N}]/u.test(sentence.text.slice(0, index));
    const words = bare.split(' ').length;
    if (bare.length < 2 || !isFree(index, bare.length)) continue;
    if (isFirst && words === 1 && !/^\p{Lu}{2,}/u.test(bare)) continue;
    // A word of the language, written large for some other reason.
    if (words === 1 && (termsOf(bare).length === 0 || bareTitle.test(bare))) continue;
    // The article of a first word belongs to the sentence, not to the name.
    const article = /^(?:The|A|An|In|On|At|For|From|This|That|These|Der|Die|Das|Le|La|Les)\s/u.exec(bare)?.[0] ?? '';
    const rest = bare.slice(article.length);
    if (rest.length < 2 || (isFirst && article !== '' && !rest.includes(' ') && !/^\p{Lu}{2,}/u.test(rest))) continue;
    found.push({
      name: rest,
      type: typeOf(rest, sentence.text.slice(0, index)),
      sentence,
      index: index + article.length,
    });
  }
  return found;
}

function typeOf(written: string, before: string): EntityType | null {
  if (organisation.test(written)) return 'organisation';
  if (title.test(before) || /^(?:Dr|Mr|Mrs|Ms|Prof)\.?\s/u.test(written)) return 'person';
  if (place.test(written) || placeBefore.test(before)) return 'place';
  return null;
}

function entityOf(mentions: readonly Mention[]): Entity {
  const types = mentions.flatMap(({ type }) => type ?? []);
  // Said differently in two places, or said once of what is named often, it is not known.
  const isKnown = new Set(types).size === 1 && types.length >= mentions.length * knownShareMin;
  const type = isKnown ? (types[0] ?? null) : null;
  const citations: Citation[] = mentions
    .slice(0, placesMax)
    .map(({ sentence, index, name: written }) => placeOf(sentence, index, index + written.length));
  return { name: mentions[0]?.name ?? '', type, mentions: mentions.length, citations };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
