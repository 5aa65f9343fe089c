import type { Caller, CallOptions } from '../calls/caller.ts';
import { eachRow } from '../calls/each-row.ts';
import type { Answer, Body, Query } from '../calls/operations.ts';

export interface Keys {
  /** The answer holds the key itself, this once. It is not retried, since a second key would come of that. */
  create(key: Body<'createApiKey'>, options?: CallOptions): Promise<Answer<'createApiKey'>>;
  list(query?: Query<'listApiKeys'>, options?: CallOptions): Promise<Answer<'listApiKeys'>>;
  each(options?: CallOptions): AsyncGenerator<Answer<'getApiKey'>, void, undefined>;
  get(id: string, options?: CallOptions): Promise<Answer<'getApiKey'>>;
  update(id: string, changes: Body<'updateApiKey'>, options?: CallOptions): Promise<Answer<'updateApiKey'>>;
  /** The old key lives on for the overlap. */
  rotate(id: string, overlap?: Body<'rotateApiKey'>, options?: CallOptions): Promise<Answer<'rotateApiKey'>>;
  revoke(id: string, options?: CallOptions): Promise<null>;
}

export function openKeys(caller: Caller): Keys {
  const list: Keys['list'] = (query = {}, options) => caller.call('listApiKeys', { query }, options);
  return {
    create: (body, options) => caller.call('createApiKey', { body }, options),
    list,
    each: (options) => eachRow((cursor) => list({ limit: 100, ...cursor }, options)),
    get: (id, options) => caller.call('getApiKey', { params: { id } }, options),
    update: (id, body, options) => caller.call('updateApiKey', { params: { id }, body }, options),
    rotate: (id, body = {}, options) => caller.call('rotateApiKey', { params: { id }, body }, options),
    revoke: (id, options) => caller.call('revokeApiKey', { params: { id } }, options),
  };
}
