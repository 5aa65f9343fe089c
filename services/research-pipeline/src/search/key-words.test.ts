import { describe, expect, it } from '@jest/globals';
import { canonicalUrl } from './canonical-url.ts';
import { keyWordsOf } from './key-words.ts';

describe('the words of a question that are worth looking for', () => {
  it.each([
    ['How does the ice break, and why does Ice break?', ['ice', 'break']],
    ['What is it?', ['What', 'is', 'it']],
    ['C++ and node.js vs. C#', ['C++', 'node.js', 'vs', 'C#']],
    ['海冰 の 範囲', ['海冰', 'の', '範囲']],
    ['" OR all:x', ['all', 'x']],
    ['', []],
  ])('%j: %j', (query, expected) => {
    expect(keyWordsOf(query, 8)).toEqual(expected);
  });
});

describe('addresses of the same page', () => {
  it.each([
    ['https://X.example:443/a/?b=2&a=1&utm_source=x#top', 'https://x.example/a?a=1&b=2'],
    ['https://x.example/', 'https://x.example/'],
    ['https://x.example/a?gclid=1', 'https://x.example/a'],
    ['no address', 'no address'],
  ])('%s: %s', (url, expected) => {
    expect(canonicalUrl(url)).toBe(expected);
  });
});
