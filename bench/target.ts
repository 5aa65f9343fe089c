import type { Signer } from './load/generator.ts';

/** Something that takes `POST /v1/chat/completions`: the upstream itself, a peer, or one of our own processes. */
export interface Target extends AsyncDisposable {
  name: string;
  label: string;
  origin: string;
  headers: Record<string, string>;
  /** For a service that is asked as the gateway asks it. */
  signer?: Signer;
  model: string;
  /** The processes whose CPU counts as this target's own: the hops, not the stores behind them and not the upstream. */
  pids: () => number[];
}
