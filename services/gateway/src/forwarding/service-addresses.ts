import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { buildConnector } from 'undici';

/** For how long an address at which nobody was there is tried after all others. */
const restsMs = 2_000;

/** Where the replicas of one service are. Requests go round them. */
export class ServiceAddresses {
  readonly all: readonly URL[];
  readonly #restsUntil = new Map<URL, number>();
  #turn = 0;

  constructor(origins: readonly string[]) {
    if (origins.length === 0) throw new TypeError('a service without an address');
    this.all = origins.map((origin) => new URL(origin));
  }

  /** All addresses, in the order in which the next request tries them. */
  inTurn(): readonly URL[] {
    this.#turn += 1;
    return this.#fromTurn();
  }

  /** Where a request for `first` goes while nobody is there. It takes no turn: the request has had its own. */
  besides(first: URL): readonly URL[] {
    return this.#fromTurn().filter((address) => address !== first);
  }

  #fromTurn(): readonly URL[] {
    const now = performance.now();
    const rests = (address: URL): boolean => (this.#restsUntil.get(address) ?? -Infinity) > now;
    const awake = this.all.filter((address) => !rests(address));
    const from = this.#turn % Math.max(1, awake.length);
    return [...awake.slice(from), ...awake.slice(0, from), ...this.all.filter(rests)];
  }

  /** Says that nobody was there. */
  rest(address: URL): void {
    this.#restsUntil.set(address, performance.now() + restsMs);
  }
}

export interface AgentOptions {
  maxSockets: number;
  connectTimeoutMs: number;
}

/** Keeps connections to `first`. While nobody is there its requests go, before a byte is sent, to another address. */
export function agentOf(
  addresses: ServiceAddresses,
  first: URL,
  { maxSockets, connectTimeoutMs }: AgentOptions,
): Agent | SecureAgent {
  const agent = new (first.protocol === 'https:' ? SecureAgent : Agent)({
    maxSockets,
    keepAlive: true,
    maxFreeSockets: 256,
    scheduling: 'lifo',
  });
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false });
  /** Connections to another address: kept, they would hide that `first` is back. */
  const standIns = new WeakSet<Duplex>();
  const keep = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket) => {
    if (standIns.has(socket)) return false;
    keep(socket);
    return true;
  };
  agent.createConnection = (_options, callback) => {
    connectNext([first, ...addresses.besides(first)]);
    return undefined;

    function connectNext([address = first, ...others]: readonly URL[]): void {
      const { hostname, host, protocol, port } = address;
      connect({ hostname, host, protocol, port }, (...[error, socket]) => {
        if (error === null) {
          if (address !== first) standIns.add(socket);
          callback?.(null, socket);
          return;
        }
        addresses.rest(address);
        if (others.length > 0) connectNext(others);
        else callback?.(error, undefined as never);
      });
    }
  };
  return agent;
}
