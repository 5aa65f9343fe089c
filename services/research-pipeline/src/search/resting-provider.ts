import { AppError } from '@signalbox/errors';
import type { Kysely } from 'kysely';
import { findRest, saveRest } from './rest-store.ts';
import type { SearchProvider } from './search-provider.ts';
import type { Schema } from '../app/schema.ts';

export interface RestingDeps {
  db: Kysely<Schema>;
  /** Whose limit it is. */
  holder: string;
  /** What shares a limit rests together. */
  limitName: string;
}

const restMsDefault = 60_000;

/** A provider that said when it may be asked again is not asked before, by any replica; it is `rate_limited` until then. */
export function restingProvider(provider: SearchProvider, { db, holder, limitName }: RestingDeps): SearchProvider {
  return {
    ...provider,
    async search(query, options) {
      const rest = await findRest(db, holder, limitName);
      if (rest !== null)
        throw new AppError('rate_limited', `${rest.reason} It may be asked again at ${rest.until.toISOString()}.`, {
          retryAfterMs: Math.max(0, rest.until.getTime() - Date.now()),
        });
      try {
        return await provider.search(query, options);
      } catch (error) {
        if (error instanceof AppError && error.code === 'rate_limited') {
          const restMs = error.retryAfterMs ?? restMsDefault;
          await saveRest(db, holder, limitName, { restMs, reason: error.message });
        }
        throw error;
      }
    },
  };
}
