import type { Hit } from '../sources/source.ts';

export interface SearchOptions {
  /** How many hits at most. */
  limit: number;
  signal: AbortSignal;
  /** ISO 639-1, for providers that keep languages apart. Default: English. */
  language?: string;
}

/**
 * Somebody who finds things. A further one is an object of this interface in the list of `createSearchProviders`; running them
 * side by side, their outcomes and their rests are done for it.
 */
export interface SearchProvider {
  readonly name: string;
  /** What has to be configured before it can be asked; absent when nothing is missing. */
  readonly missing?: string;
  /**
   * The best first; none means that there is nothing to be found. Throws `rate_limited` (with `retryAfterMs` when it is known)
   * and otherwise `AppError`, whose sentence may be shown; and the reason of `signal` when that fires.
   */
  search(query: string, options: SearchOptions): Promise<Hit[]>;
}
