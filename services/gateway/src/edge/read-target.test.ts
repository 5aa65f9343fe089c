import { describe, expect, it } from '@jest/globals';
import { refusal } from '../../test/refusal.ts';
import { readTarget, refuseForeignHost } from './read-target.ts';

describe('the target of a request (S5, S17, S25)', () => {
  it.each([
    ['/', { path: '/', query: '' }],
    ['/api/v1/api-keys', { path: '/api/v1/api-keys', query: '' }],
    ['/api/v1/usage?limit=5&model=a/../b', { path: '/api/v1/usage', query: '?limit=5&model=a/../b' }],
    ['/v1/models/gpt-4.1', { path: '/v1/models/gpt-4.1', query: '' }],
    ['/v1/models/..hidden', { path: '/v1/models/..hidden', query: '' }],
    ['/v1/models/a%20b', { path: '/v1/models/a%20b', query: '' }],
    ['/v1/models/?a=%2f&b=//', { path: '/v1/models/', query: '?a=%2f&b=//' }],
  ])('reads %s as it is', (url, target) => {
    expect(readTarget(url)).toEqual(target);
  });

  it.each([
    '/api/chat/../admin',
    '/api/./chat',
    '/..',
    '/api/%2e%2e/admin',
    '/api/%2E/admin',
    '/api\\admin',
    '/api/chat/\\..\\admin',
    '/api/%5cadmin',
    '/api/%5Cadmin',
    '//evil.example/path',
    '/api//v1',
    '/api/a%00b',
    '/api?x=%00',
    '/api/%zz',
    '/api/%2',
    '/api#fragment',
    '/api?x#fragment',
    '/api/caf\u00e9',
    '/api?x=\u00e9',
    '/api/a b',
    'http://169.254.169.254/latest',
    'https:/api',
    'example.com:443',
    '*',
    '',
    '?x',
  ])('refuses %j', (url) => {
    expect(() => readTarget(url)).toThrow(refusal('validation_failed'));
  });

  it('answers only for the hosts it is told to, with or without a port', () => {
    const allowed = new Set(['api.example.com', 'internal:8080']);
    expect(() => {
      refuseForeignHost('API.example.com:443', allowed);
      refuseForeignHost('internal:8080', allowed);
      refuseForeignHost('anything', null);
    }).not.toThrow();
    for (const host of ['internal', 'internal:81', 'api.example.com.evil.example', 'evil.example', undefined, ''])
      expect(() => {
        refuseForeignHost(host, allowed);
      }).toThrow(refusal('misdirected'));
  });
});
