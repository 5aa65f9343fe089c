import { describe, expect, it } from '@jest/globals';
import { addressGroup, originOf } from './client-address.ts';

const arrival = {
  remoteAddress: '::ffff:10.0.0.9',
  encrypted: false,
  forwardedFor: undefined,
  forwardedProto: undefined,
};

describe('where a request comes from (LA-2, S4, S17)', () => {
  it('believes no header when no proxy of ours stands in front', () => {
    const spoofed = { ...arrival, forwardedFor: '6.6.6.6', forwardedProto: 'https' };
    expect(originOf(spoofed, 0)).toEqual({ address: '10.0.0.9', protocol: 'http' });
  });

  it('counts trusted hops from the end, so that what a client prepends changes nothing', () => {
    const behindTwo = { ...arrival, forwardedFor: '6.6.6.6, 203.0.113.7, 10.0.0.8', forwardedProto: 'https' };
    expect(originOf(behindTwo, 2)).toEqual({ address: '203.0.113.7', protocol: 'https' });
    expect(originOf({ ...behindTwo, forwardedFor: '203.0.113.7, 10.0.0.8' }, 2).address).toBe('203.0.113.7');
  });

  it('takes the nearest known neighbour when the header is short, empty or no address', () => {
    expect(originOf({ ...arrival, forwardedFor: '203.0.113.7' }, 3).address).toBe('203.0.113.7');
    expect(originOf({ ...arrival, forwardedFor: undefined }, 1).address).toBe('10.0.0.9');
    expect(originOf({ ...arrival, forwardedFor: 'unknown, 10.0.0.8' }, 2).address).toBe('10.0.0.8');
    expect(originOf({ ...arrival, forwardedFor: '6.6.6.6, <script>' }, 2).address).toBe('10.0.0.9');
  });

  it('counts an IPv6 address by its /64, however it is written', () => {
    const group = '2001:db8:0:1::/64';
    expect(addressGroup('2001:db8:0:1::1')).toBe(group);
    expect(addressGroup('2001:0db8:0000:0001:ffff:ffff:ffff:ffff')).toBe(group);
    expect(addressGroup('2001:db8::1:0:0:0:5')).toBe(group);
    expect(addressGroup('2001:db8:0:2::1')).not.toBe(group);
    expect(addressGroup('::1')).toBe('0:0:0:0::/64');
    expect(addressGroup('10.0.0.9')).toBe('10.0.0.9');
  });
});
