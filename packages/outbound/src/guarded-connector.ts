import { lookup as resolve } from 'node:dns/promises';
import type { buildConnector } from 'undici';
import { AddressPolicy } from './address-policy.ts';
import { checkedConnector, type Lookup } from './checked-connector.ts';

export interface GuardedConnectorOptions {
  /** As for `openOutbound`: what may be reached besides the public internet. Default none. */
  allow?: readonly string[];
  ports?: readonly number[];
  /** How long name, connection and TLS may take together. */
  connectTimeoutMs: number;
  lookup?: Lookup;
}

/**
 * For a pool of undici's that somebody else keeps, to an address that a user named: it connects to nothing that
 * `openOutbound` would not connect to. The pool must follow no redirect. Throws `TypeError` for an `allow` that cannot be
 * read.
 */
export function guardedConnector({
  allow = [],
  ports,
  connectTimeoutMs,
  lookup = (hostname) => resolve(hostname, { all: true, order: 'verbatim' }),
}: GuardedConnectorOptions): buildConnector.connector {
  return checkedConnector(new AddressPolicy(allow, ports ?? null), lookup, connectTimeoutMs);
}
