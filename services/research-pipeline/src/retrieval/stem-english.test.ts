import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stemEnglish } from './stem-english.ts';

describe('stems of English words', () => {
  it.each([
    ['consign consigned consigning consignment', 'consign'],
    ['consist consisted consistency consistent consistently consisting consists', 'consist'],
    ['knit knits knitted knitting', 'knit'],
    ['general generally', 'general'],
    ['generate generates generating', 'generat'],
    ['retrieve retrieves retrieved retrieving retrieval', 'retriev'],
    ['library libraries', 'librari'],
    ['technology technological', 'technolog'],
    ['happy happiness', 'happi'],
    ['agreed agree', 'agre'],
    ['hoping hope', 'hope'],
    ['hopping hop', 'hop'],
    ['tie ties tied', 'tie'],
    ["pump pumps pump's", 'pump'],
    ['gas', 'gas'],
    ['news', 'news'],
    ['knightly knights', 'knight'],
    ['replacement replaced', 'replac'],
  ])('are one for %s', (forms, stem) => {
    for (const form of forms.split(' ')) expect(stemEnglish(form)).toBe(stem);
  });

  it('keep apart what only looks alike', () => {
    expect(stemEnglish('university')).not.toBe(stemEnglish('universe'));
    expect(stemEnglish('generic')).not.toBe(stemEnglish('generate'));
  });

  it('are no longer than the word, and there for every word', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...('abcdefghilmnoprstuyz'.match(/./g) ?? [])),
          minLength: 1,
          maxLength: 14,
        }),
        (word) => {
          const stem = stemEnglish(word);
          expect(stem.length).toBeGreaterThan(0);
          expect(stem.length).toBeLessThanOrEqual(word.length + 1);
        },
      ),
    );
  });
});
