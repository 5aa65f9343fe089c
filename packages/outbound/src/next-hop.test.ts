import { describe, expect, it } from '@jest/globals';
import { nextHop, type Hop } from './next-hop.ts';

const hop: Hop = {
  url: new URL('https://a.example/start'),
  method: 'POST',
  headers: {
    accept: '*/*',
    authorization: 'Bearer x',
    cookie: 'a=b',
    'content-type': 'text/plain',
    'content-md5': 'z',
    'x-signature': 's',
  },
  body: 'hello',
};

describe('S8: redirects', () => {
  it.each([
    [301, 'GET', null],
    [302, 'GET', null],
    [303, 'GET', null],
    [307, 'POST', 'hello'],
    [308, 'POST', 'hello'],
  ])('%i of a POST becomes %s', (status, method, body) => {
    expect(nextHop(hop, status, '/next')).toMatchObject({ method, body });
    expect(nextHop({ ...hop, method: 'HEAD', body: null }, status, '/next')?.method).toBe('HEAD');
    expect(nextHop({ ...hop, method: 'GET', body: null }, status, '/next')?.method).toBe('GET');
  });

  it('keep the headers within an origin, without those of a body that is gone', () => {
    expect(nextHop(hop, 307, '/next')?.headers).toEqual(hop.headers);
    expect(nextHop(hop, 302, '/next')?.headers).toEqual({
      accept: '*/*',
      authorization: 'Bearer x',
      cookie: 'a=b',
      'x-signature': 's',
    });
  });

  it.each(['https://b.example/', 'https://a.example:8443/', 'http://a.example/', '//b.example/'])(
    'tell %s nothing secret',
    (location) => {
      expect(nextHop(hop, 307, location)?.headers).toEqual({ accept: '*/*', 'content-type': 'text/plain' });
    },
  );

  it('are none without a status or a place that makes sense', () => {
    expect(nextHop(hop, 200, '/next')).toBeNull();
    expect(nextHop(hop, 304, '/next')).toBeNull();
    expect(nextHop(hop, 302, undefined)).toBeNull();
    expect(nextHop(hop, 302, ['/a', '/b'])).toBeNull();
    expect(nextHop(hop, 302, 'http://[broken')).toBeNull();
  });
});
