import { isIP } from 'node:net';
import { AddressPolicy, bareHost } from './address-policy.ts';

/** Names under which clouds keep what their machines may know; each stands for an address that no stranger may reach. */
const metadataNames = new Set(['metadata', 'metadata.google.internal', 'instance-data', 'instance-data.ec2.internal']);

/**
 * Tells which addresses can never be reached, by their text alone: what a user gives can be refused while he is there to
 * read why. It asks nobody what a name stands for; whoever connects asks again, through `guardedConnector` or
 * `openOutbound`. Throws `TypeError` for an `allow` that cannot be read.
 */
export function addressCheck({ allow = [] }: { allow?: readonly string[] } = {}): (url: string) => boolean {
  const policy = new AddressPolicy(allow, null);
  return (text) => {
    const url = new URL(text);
    const host = bareHost(url);
    const address = addressOf(host.replace(/\.$/, ''));
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
    return address === null || policy.admits(host, port, address);
  };
}

/** What a host is, or is known to stand for; null where only a look-up tells. */
function addressOf(host: string): string | null {
  if (isIP(host) !== 0) return host;
  if (host === 'localhost' || host.endsWith('.localhost')) return '127.0.0.1';
  return metadataNames.has(host) ? '169.254.169.254' : null;
}
