import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { matchParty, type PartyCandidate } from './match-party.ts';
import { keysOf, type Mention } from './normalise-party.ts';
import { similarity } from './similarity.ts';

function mention(name: string, more: Partial<Mention> = {}): Mention {
  return { name, taxId: null, address: null, ...more };
}

function candidate(id: string, name: string, more: Partial<Mention> = {}): PartyCandidate {
  return { id, ...keysOf(mention(name, more)) };
}

/** What people who know would say of two names; `review`: they would want to look. */
const labelled: readonly [verdict: 'same' | 'review' | 'new', a: Mention, b: Mention][] = [
  ['same', mention('ACME, Inc.'), mention('Acme')],
  // Umlauts written out are other letters, so that such a pair is asked about and not taken for granted.
  ['review', mention('Müller & Söhne GmbH & Co. KG'), mention('Mueller & Soehne', { taxId: 'DE 123456789' })],
  ['same', mention('MÜLLER UND SÖHNE GMBH'), mention('Söhne, Müller')],
  ['same', mention('Société Générale S.A.'), mention('Societe Generale')],
  ['same', mention('The Coca-Cola Company'), mention('Coca Cola Co')],
  ['same', mention("O'Reilly Media, LLC"), mention('OReilly Media')],
  ['same', mention('Internatonal Business Machines'), mention('International Business Machines Corp.')],
  ['same', mention('Smith, John'), mention('John Smith')],
  ['same', mention('Northwind Traders Ltd'), mention('Northwind Tradres Limited')],
  [
    'same',
    mention('Contoso Pharma', { address: '12 Main Street, Springfield, 62701' }),
    mention('Contoso Pharmaceut', { address: '12 Main St., Springfield 62701' }),
  ],
  ['same', mention('Wholly Other Name', { taxId: 'de-811.569.869' }), mention('Siemens', { taxId: 'DE811569869' })],
  ['review', mention('Acme', { taxId: '11-1111111' }), mention('ACME Inc', { taxId: '22-2222222' })],
  ['review', mention('Power Plant 1'), mention('Power Plant 2')],
  ['review', mention('Bakery North Wharf'), mention('Bakery South Wharf')],
  ['review', mention('Contoso Pharma'), mention('Contoso Pharmaceuticals')],
  ['review', mention('Hotel Adler 1904'), mention('Hotel Adler 1905')],
  ['new', mention('Northwind Traders'), mention('Fabrikam Robotics')],
  ['new', mention('Deutsche Bahn AG'), mention('Dow Chemical')],
  ['new', mention('Acme'), mention('Ace Hardware Stores')],
  [
    'new',
    mention('Zebra Shoes', { address: '1 High Street, Leeds' }),
    mention('Quick Loans', { address: '1 High Street, Leeds' }),
  ],
];

describe('who is meant, in five tiers (LA-26)', () => {
  it.each(labelled)('is %s: %j, %j', (verdict, given, there) => {
    const match = matchParty(keysOf(given), [candidate('party_1', there.name, there)]);
    const found = match.kind === 'matched' ? 'same' : match.review === null ? 'new' : 'review';
    expect([found, match]).toEqual([verdict, expect.anything()]);
  });

  it('has the confidence of its tier: 1 by tax id and by name, the likeness from 0.90 and from 0.80', () => {
    const there = candidate('party_1', 'Northwind Traders', { taxId: 'GB123456789', address: '5 Harbour Road, Hull' });
    const of = (name: string, more: Partial<Mention> = {}) => matchParty(keysOf(mention(name, more)), [there]);
    expect(of('Somebody Else', { taxId: 'gb 123 456 789' })).toMatchObject({ tier: 'tax_id', confidence: 1 });
    expect(of('TRADERS NORTHWIND LTD')).toMatchObject({ tier: 'name', confidence: 1 });
    expect(of('Northwind Trader')).toMatchObject({ tier: 'fuzzy_name', confidence: 0.9412 });
    expect(of('Northwind Trading', { address: '5 Harbour Rd, Hull' })).toMatchObject({
      tier: 'name_and_address',
      confidence: 0.8941,
    });
    expect(of('Northwind Trading')).toMatchObject({ kind: 'new', tier: 'new', review: { score: 0.8235 } });
  });

  it('is never merged below 0.80, and never with another tax id', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => {
        const keys = keysOf(mention(a, { taxId: 'AAAA1111' }));
        expect(matchParty(keys, [candidate('party_1', b, { taxId: 'BBBB2222' })]).kind).toBe('new');
        const alone = keysOf(mention(a));
        const match = matchParty(alone, [candidate('party_1', b)]);
        if (match.kind === 'matched') expect(match.confidence).toBeGreaterThanOrEqual(0.8);
      }),
    );
  });

  it('is the one that was there first among equals, whatever order they come in', () => {
    const equals = ['party_3', 'party_1', 'party_2'].map((id) => candidate(id, 'Acme'));
    for (const order of [equals, [...equals].reverse()]) {
      expect(matchParty(keysOf(mention('Acme Inc')), order)).toMatchObject({ partyId: 'party_1' });
    }
    const nearer = candidate('party_9', 'Acme', { address: '1 High Street, Leeds' });
    const at = mention('Acme', { address: '1 High St, Leeds' });
    expect(matchParty(keysOf(at), [...equals, nearer])).toMatchObject({ partyId: 'party_9' });
  });
});

describe('how alike two texts are', () => {
  it('is 1 for equal ones, the same in both directions, and between 0 and 1', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const alike = similarity(a, b);
        expect(alike).toBeCloseTo(similarity(b, a), 12);
        expect(alike >= 0 && alike <= 1).toBe(true);
        expect(similarity(a, a)).toBe(1);
      }),
    );
  });

  it('counts what is put in, left out, replaced and swapped', () => {
    expect(similarity('abcd', 'abce')).toBe(0.75);
    expect(similarity('abcd', 'acbd')).toBe(0.75);
    expect(similarity('abcd', 'abcde')).toBe(0.8);
    expect(similarity('', 'ab')).toBe(0);
  });
});
