import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressPolicy } from './address-policy.ts';

export interface LookupAddress {
  address: string;
  family: number;
}

/** Finds the addresses of a name, as `dns.promises.lookup` does with `all`. */
export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>;

/** The address may not be reached, or has none: nobody outside is told which. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
}

/**
 * A connector for undici that connects to nothing the policy does not admit. A name is resolved once, every address of it
 * is checked, and those very addresses are connected to: what the name stands for a moment later does not matter.
 */
export function checkedConnector(
  policy: AddressPolicy,
  lookup: Lookup,
  connectTimeoutMs: number,
): buildConnector.connector {
  return (options, callback) => {
    const hostname = options.hostname.startsWith('[') ? options.hostname.slice(1, -1) : options.hostname;
    const port = Number(options.port || (options.protocol === 'https:' ? 443 : 80));
    const admits = (address: string): boolean => policy.admits(hostname, port, address);
    // Sockets look no literal address up, so a filter in `lookup` alone never sees one.
    if (isIP(hostname) !== 0 && !admits(hostname)) {
      callback(new RefusedAddress(), null);
      return;
    }
    const checkedLookup: LookupFunction = (name, { all }, done) => {
      checkedAddresses(lookup, name, admits).then(
        (addresses) => {
          const [first] = addresses;
          if (all === true || first === undefined) done(null, [...addresses]);
          else done(null, first.address, first.family);
        },
        (error: unknown) => {
          done(error as Error, []);
        },
      );
    };
    const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false, lookup: checkedLookup });
    connect({ ...options, hostname }, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null);
      } else if (admits(socket.remoteAddress ?? '')) {
        callback(null, socket);
      } else {
        socket.destroy();
        callback(new RefusedAddress(), null);
      }
    });
  };
}

async function checkedAddresses(
  lookup: Lookup,
  name: string,
  admits: (address: string) => boolean,
): Promise<readonly LookupAddress[]> {
  let addresses: readonly LookupAddress[];
  try {
    addresses = await lookup(name);
  } catch (error) {
    throw new RefusedAddress(undefined, { cause: error });
  }
  // One address inside is enough to refuse: whoever owns the name would only have to ask often enough.
  if (addresses.length === 0 || !addresses.every(({ address }) => admits(address))) throw new RefusedAddress();
  return addresses;
}
