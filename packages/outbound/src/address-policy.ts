import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Ports of stores and control planes: nothing that speaks HTTP to strangers lives there, and some obey what looks like it. */
const storePorts = new Set([
  1433, 1521, 2375, 2376, 2379, 2380, 3306, 5432, 5672, 6379, 9042, 9200, 9300, 10250, 11211, 27017,
]);

/** The addresses of the internet that are somebody's own: what is not in here is no public host (RFC 4291). */
const globalUnicast: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/** Which addresses and ports may be reached: those of the public internet, and what was allowed by name. */
export class AddressPolicy {
  readonly #hosts = new Set<string>();
  readonly #networks: [Address, number][] = [];
  readonly #ports: ReadonlySet<number> | null;

  /** Throws `TypeError` for an entry of `allow` that is neither `host:port` nor a CIDR. */
  constructor(allow: readonly string[], ports: readonly number[] | null) {
    this.#ports = ports === null ? null : new Set(ports);
    for (const entry of allow) {
      if (ipaddr.isValidCIDR(entry)) this.#networks.push(ipaddr.parseCIDR(entry));
      else this.#hosts.add(hostAndPortOf(entry));
    }
  }

  /** `hostname` is what was asked for, `address` what it stands for. */
  admits(hostname: string, port: number, address: string): boolean {
    if (this.#hosts.has(`${hostname}:${String(port)}`)) return true;
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.parse(address);
    if (this.#networks.some((network) => parsed.kind() === network[0].kind() && matches(parsed, network))) return true;
    return isPublic(parsed) && this.#admitsPort(port);
  }

  #admitsPort(port: number): boolean {
    if (this.#ports !== null) return this.#ports.has(port);
    return port === 80 || port === 443 || (port >= 1_024 && !storePorts.has(port));
  }
}

/** Deny by default: mapped, translated and tunnelled addresses (`::ffff:…`, `64:ff9b::…`, 6to4) could lead anywhere. */
function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv4 || address.match(globalUnicast);
}

function matches(address: Address, [network, bits]: [Address, number]): boolean {
  return address.match(network, bits);
}

function hostAndPortOf(entry: string): string {
  const url = URL.parse(`http://${entry}`);
  // A port of 80 is swallowed by the URL.
  const port = /:(\d{1,5})$/.exec(entry)?.[1];
  if (url === null || port === undefined || url.pathname !== '/' || url.username !== '' || url.search !== '')
    throw new TypeError(`${JSON.stringify(entry)} is neither host:port nor a CIDR`);
  return `${bareHost(url)}:${String(Number(port))}`;
}

/** The host of a URL, canonical and without the brackets of IPv6. */
export function bareHost({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
