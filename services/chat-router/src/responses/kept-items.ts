import type { ContentCache } from '@signalbox/redis';
import type { Namespace } from '../cache/namespaces.ts';
import { parseObject, textOf, type JsonObject } from '../dialects/json.ts';

/** The items of responses, each tenant's for itself, for as long as the cache keeps them. */
export interface KeptItems {
  keep(tenantId: string, items: readonly JsonObject[]): Promise<void>;
  /** Null: it is not there, or nobody can tell. */
  find(tenantId: string, id: string): Promise<JsonObject | null>;
}

export function createKeptItems(cache: Pick<ContentCache<Namespace>, 'get' | 'set'>): KeptItems {
  const keyOf = (tenantId: string, input: string) => ({ tenantId, model: '', promptVersion: '', input });
  return {
    async keep(tenantId, items) {
      await Promise.all(
        items.map(async (item) => {
          const id = textOf(item['id']);
          if (id === null || id === '') return;
          await cache.set('response_item', keyOf(tenantId, id), Buffer.from(JSON.stringify(item)));
        }),
      );
    },
    async find(tenantId, id) {
      const kept = await cache.get('response_item', keyOf(tenantId, id));
      return kept === null ? null : parseObject(kept.toString());
    },
  };
}
