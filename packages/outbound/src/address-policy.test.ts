import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AddressPolicy } from './address-policy.ts';

const strict = new AddressPolicy([], null);

describe('S8: which addresses are public', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.127.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '192.88.99.1',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    'fe80::1',
    'febf::1',
    'fc00::1',
    'fdff::1',
    'fec0::1',
    'ff02::1',
    '64:ff9b::7f00:1',
    '64:ff9b::808:808',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2002:808:808::',
    '2001::1',
    '2001:db8::1',
    '2001:10::1',
    '100::1',
    '3fff::1',
    '5f00::1',
    '4000::1',
    '1::1',
    '',
    'example.com',
    '127.1',
    '0x7f.1',
  ])('%s is not', (address) => {
    expect(strict.admits('example.com', 443, address)).toBe(false);
  });

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.216.34',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::200e',
    '2620:fe::fe',
  ])('%s is', (address) => {
    expect(strict.admits('example.com', 443, address)).toBe(true);
  });

  it('no IPv4 address inside is public in any IPv6 costume', () => {
    const inside = fc
      .constantFrom([10, 1], [127, 0], [192, 168], [169, 254], [172, 20])
      .chain(([a, b]) => fc.tuple(fc.constant(a ?? 0), fc.constant(b ?? 0), fc.nat(255), fc.nat(255)));
    const hex = (high: number, low: number): string => ((high << 8) | low).toString(16);
    fc.assert(
      fc.property(inside, ([a, b, c, d]) => {
        const v4 = [a, b, c, d].join('.');
        const pair = `${hex(a, b)}:${hex(c, d)}`;
        for (const costume of [
          v4,
          `::ffff:${v4}`,
          `::${pair}`,
          `64:ff9b::${pair}`,
          `2002:${pair}::`,
          `::ffff:0:${pair}`,
          `2001:0:${pair}::`,
        ])
          expect(strict.admits('x', 443, costume)).toBe(false);
      }),
    );
  });
});

describe('S8: which ports', () => {
  it.each([
    [80, true],
    [443, true],
    [8080, true],
    [8443, true],
    [65_535, true],
    [22, false],
    [25, false],
    [53, false],
    [1023, false],
    [6379, false],
    [5432, false],
    [11211, false],
    [10250, false],
    [0, false],
  ])('%i: %s', (port, expected) => {
    expect(strict.admits('example.com', port, '8.8.8.8')).toBe(expected);
  });

  it('are those that were given, where some were given', () => {
    const policy = new AddressPolicy([], [443]);
    expect(policy.admits('example.com', 443, '8.8.8.8')).toBe(true);
    expect(policy.admits('example.com', 80, '8.8.8.8')).toBe(false);
  });
});

describe('what may be allowed', () => {
  it('is a host with a port, and nothing beside it', () => {
    const policy = new AddressPolicy(['chroma.internal:8000', '127.0.0.1:9000', '[::1]:80', 'EXAMPLE.com:25'], null);
    expect(policy.admits('chroma.internal', 8000, '10.0.0.5')).toBe(true);
    expect(policy.admits('chroma.internal', 8001, '10.0.0.5')).toBe(false);
    expect(policy.admits('evil.chroma.internal', 8000, '10.0.0.5')).toBe(false);
    expect(policy.admits('127.0.0.1', 9000, '127.0.0.1')).toBe(true);
    expect(policy.admits('::1', 80, '::1')).toBe(true);
    expect(policy.admits('example.com', 25, '8.8.8.8')).toBe(true);
  });

  it('is a network, with every port of it', () => {
    const policy = new AddressPolicy(['10.1.0.0/16', 'fd00::/8'], null);
    expect(policy.admits('any', 6379, '10.1.2.3')).toBe(true);
    expect(policy.admits('any', 22, 'fd12::1')).toBe(true);
    expect(policy.admits('any', 80, '10.2.2.3')).toBe(false);
  });

  it.each(['10.0.0.0', 'example.com', 'http://a:80', 'a:80/x', ':80', 'a b:80', 'user@a:80', '10.0.0.0/33', ''])(
    'is not %j',
    (entry) => {
      expect(() => new AddressPolicy([entry], null)).toThrow(/neither host:port nor a CIDR/);
    },
  );
});
