import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { redactText } from './redact-text.ts';

describe('OD-10, S20: credentials in texts', () => {
  it.each([
    ['a key of ours', 'key sbx_live_01j9z_Canary0123456789_abc was refused'],
    ['a bearer token', 'sent Authorization=x, then bearer Canary.token-1/2+3='],
    ['a basic credential', 'Basic Q2FuYXJ5OnNlY3JldA=='],
    ['an OpenAI key', 'Incorrect API key provided: sk-proj-Canary_0123456789'],
    ['an Anthropic key', 'x sk-ant-api03-Canary-1'],
    ['a Gemini key', 'https://host/v1?x=1 AIzaSyCanary0123456789012345678'],
    ['a JSON web token', 'token was eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJDYW5hcnkifQ.Canary-_1'],
    ['the password of a database', 'connect postgres://user:Canary@db:5432/x failed'],
    ['a password with a slash and an at sign', 'postgresql://user:Can/ary@Canary@db/x'],
    ['the password of a Redis', 'redis://:Canary@cache:6379/0'],
    ['a name before any host', 'https://Canary:x@example.com/path'],
    ['a query parameter', 'GET /v1/models?limit=1&api_key=Canary&x=2'],
    ['a password in JSON', '{"user":"a","password":"Canary"}'],
    ['a password in an inspected object', "{ newPassword: 'Canary' }"],
    ['a header line', 'x-api-key: Canary'],
    ['a cookie with several parts', 'cookie: a=1; session=Canary; b=2'],
    ['an authorization of another scheme', 'authorization: Digest username="u", response="Canary"'],
    ['a body that did not parse', `Unexpected token 'C', ..."ret": "x" Canary"... is not valid JSON`],
  ])('takes out %s', (_name, text) => {
    expect(redactText(text)).toContain('[redacted]');
    expect(redactText(text)).not.toMatch(/Canary(?!.*@)|Q2FuYXJ5/);
  });

  it.each([
    'GET /api/v1/api-keys/key_01j9z0v3h9e8r7t6y5u4i3o2p1 200',
    'total_tokens 15, prompt_tokens: 3',
    'a risk-assessment of the desk-side task-sk',
    'http://127.0.0.1:8080/@user/path',
    'duplicate key value violates unique constraint "api_keys_pkey"',
    'cache_key chat:abc',
  ])('leaves %j as it is', (text) => {
    expect(redactText(text)).toBe(text);
  });

  it('takes a credential out wherever it stands in a text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(redactText(`${before} sk-Canary0123456789 ${after}`)).not.toContain('Canary0123456789');
      }),
    );
  });

  it('takes linear time on texts that are made to be slow', () => {
    const pieces = [
      'eyJ-',
      '://',
      'redis://',
      ', "',
      'key',
      'password',
      'bearer ',
      'a',
      '-',
      'sk-',
      '"',
      '@',
      'token=',
      "'",
      ' ',
    ];
    for (const piece of pieces) {
      const text = `sbx_ key @ is not valid JSON ${piece.repeat(Math.ceil(16_384 / piece.length))}`;
      const startedAt = performance.now();
      redactText(text);
      expect(performance.now() - startedAt).toBeLessThan(100);
    }
  });
});
