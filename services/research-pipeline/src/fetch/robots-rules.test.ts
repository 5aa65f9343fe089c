import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRobots } from './robots-rules.ts';

const allowed = (text: string, path: string, product = 'SignalboxResearch'): boolean =>
  readRobots(text, product).isAllowed(new URL(`https://example.com${path}`));

describe('CR-11: the rules of a robots.txt (RFC 9309)', () => {
  it.each([
    ['/', 'User-agent: *\nDisallow: /', false],
    ['/robots.txt', 'User-agent: *\nDisallow: /', true],
    ['/a', 'User-agent: *\nDisallow:', true],
    ['/a', '', true],
    ['/a', 'Disallow: /', true],
    ['/example/page.html', 'User-agent: *\nDisallow: /example/\nAllow: /example/page.html', true],
    ['/example/other', 'User-agent: *\nAllow: /example/page.html\nDisallow: /example/', false],
    ['/page', 'User-agent: *\nAllow: /page\nDisallow: /page', true],
    ['/x.gif', 'User-agent: *\nDisallow: *.gif$', false],
    ['/x.gif?a', 'User-agent: *\nDisallow: *.gif$', true],
    ['/a/b/c', 'User-agent: *\nDisallow: /a/*/c', false],
    ['/a/b/d', 'User-agent: *\nDisallow: /a/*/c', true],
    ['/search?q=1', 'User-agent: *\nDisallow: /search?', false],
    ['/foo/bar?baz=https://foo.bar', 'User-agent: *\nDisallow: /foo/bar?baz=https://foo.bar', false],
    ['/foo/bar/ツ', 'User-agent: *\nDisallow: /foo/bar/ツ', false],
    ['/foo/bar/ツ', 'User-agent: *\nDisallow: /foo/bar/%e3%83%84', false],
    ['/foo/bar/U', 'User-agent: *\nDisallow: /foo/bar/%55', false],
    ['/a', '\ufeffuser-AGENT : *  # everybody\r\nDISALLOW : /a # no', false],
    ['/a', 'User-agent: other\nUser-agent: *\nDisallow: /a', false],
    ['/a', 'User-agent: other\nDisallow: /a', true],
    ['/a', 'User-agent: *\nDisallow: /a\n\nUser-agent: SignalboxResearch/2.0\nDisallow: /b', true],
    ['/b', 'User-agent: *\nDisallow: /a\n\nUser-agent: SignalboxResearch/2.0\nDisallow: /b', false],
    ['/b', 'User-agent: signalboxresearch\nDisallow: /a\n\nUser-agent: signalboxresearch\nDisallow: /b', false],
    ['/a', 'User-agent: *\nSitemap: https://example.com/s.xml\nDisallow: /a', false],
  ])('%s under %j: %s', (path, text, expected) => {
    expect(allowed(text, path)).toBe(expected);
  });

  it('tells the longest pause that is asked for', () => {
    const text = 'User-agent: *\nCrawl-delay: 2\nDisallow: /a\nUser-agent: *\nCrawl-delay: 5';
    expect(readRobots(text, 'x').crawlDelaySeconds).toBe(5);
    expect(readRobots('User-agent: *\nCrawl-delay: soon', 'x').crawlDelaySeconds).toBeNull();
  });

  it('reads anything, and no pattern takes long', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.webPath(), (text, path) => {
        expect(typeof allowed(`User-agent: *\nDisallow: ${text}`, path)).toBe('boolean');
      }),
    );
    expect(allowed(`User-agent: *\nDisallow: ${'/*a'.repeat(20_000)}b`, `/${'a'.repeat(50_000)}`)).toBe(true);
  });
});
