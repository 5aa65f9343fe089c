import { describe, expect, it } from '@jest/globals';
import { readCredential } from './read-credential.ts';

const read = (headers: Record<string, string>, url = '/') => readCredential({ headers, url });

describe('the credential of a request (MX-16)', () => {
  it.each([
    [{}, { kind: 'none' }],
    [{ 'x-api-key': 'abc' }, { kind: 'api_key', key: 'abc' }],
    [{ authorization: 'Bearer sbx_live_abc' }, { kind: 'api_key', key: 'sbx_live_abc' }],
    [{ authorization: 'BEARER   sbx_live_abc' }, { kind: 'api_key', key: 'sbx_live_abc' }],
    [
      { authorization: 'Bearer sbx_a', 'x-api-key': 'sbx_a' },
      { kind: 'api_key', key: 'sbx_a' },
    ],
    [{ authorization: 'Bearer aa.bb.cc' }, { kind: 'access_token' }],
  ])('%j is read', (headers, expected) => {
    expect(read(headers)).toEqual(expected);
  });

  it.each([
    ['several', { authorization: 'Bearer sbx_a', 'x-api-key': 'sbx_b' }],
    ['several', { authorization: 'Bearer aa.bb.cc', 'x-api-key': 'sbx_b' }],
    ['malformed', { authorization: '' }],
    ['malformed', { authorization: 'sbx_live_abc' }],
    ['malformed', { authorization: 'Basic YTpi' }],
    ['malformed', { authorization: 'Bearer a, Bearer b' }],
    ['malformed', { authorization: 'Basic YTpi', 'x-api-key': 'sbx_a' }],
    ['malformed', { 'x-api-key': '' }],
  ])('%s: %j is refused', (reason, headers: Record<string, string>) => {
    expect(read(headers)).toMatchObject({ kind: 'unusable', reason });
  });

  it.each([
    '/?api_key=1',
    '/?API-KEY=1',
    '/?a=b&access_token=1',
    '/?x-api-key',
    '/?%61pi_key=1',
    '/?key=sbx_live_abc',
    '/?q=sbr_abc',
  ])('a credential in %s is refused, whatever the headers say', (url) => {
    expect(read({ 'x-api-key': 'sbx_a' }, url)).toMatchObject({ kind: 'unusable', reason: 'in_query' });
  });

  it.each(['/?q=how+does+sbx_live_work', '/?tokens_max=5', '/?cursor=abc', '/api_key=1', '/?'])(
    'nothing is suspected in %s',
    (url) => {
      expect(read({ 'x-api-key': 'sbx_a' }, url)).toMatchObject({ kind: 'api_key' });
    },
  );

  it('reads a query of 100,000 characters in a moment', () => {
    const started = performance.now();
    read({}, `/?${'a=1&'.repeat(25_000)}`);
    expect(performance.now() - started).toBeLessThan(50);
  });
});
