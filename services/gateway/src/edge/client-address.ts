import { isIP, isIPv6 } from 'node:net';

/** The parts of a request that tell where it comes from. */
export interface Arrival {
  remoteAddress: string | undefined;
  encrypted: boolean;
  forwardedFor: string | undefined;
  forwardedProto: string | undefined;
}

export interface Origin {
  /** The client's address; an IPv4 address mapped into IPv6 is written as IPv4. */
  address: string;
  protocol: 'http' | 'https';
}

/**
 * Where a request comes from, behind `trustedHops` proxies of our own: each of them appends its neighbour to
 * `X-Forwarded-For`, so the client is that many entries from the end. With 0 hops the header is the client's own
 * invention and only the connection counts.
 */
export function originOf(arrival: Arrival, trustedHops: number): Origin {
  const peer = plainAddress(arrival.remoteAddress ?? '') ?? 'unknown';
  const protocol = arrival.encrypted ? 'https' : 'http';
  if (trustedHops === 0) return { address: peer, protocol };
  const entries = (arrival.forwardedFor ?? '').split(',').slice(-trustedHops);
  let address = peer;
  for (const entry of entries.reverse()) {
    const read = plainAddress(entry.trim());
    // Whoever stands before an entry that is no address did not come through our proxies.
    if (read === null) break;
    address = read;
  }
  const proto = arrival.forwardedProto?.split(',').at(-1)?.trim().toLowerCase();
  return { address, protocol: proto === 'https' || proto === 'http' ? proto : protocol };
}

/**
 * What an address is counted under: an IPv4 address by itself, an IPv6 address by its /64, which one customer has as
 * many addresses of as it likes.
 */
export function addressGroup(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function plainAddress(text: string): string | null {
  const address = text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text;
  return isIP(address) === 0 ? null : address;
}
