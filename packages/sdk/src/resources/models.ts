import type { Caller, CallOptions } from '../calls/caller.ts';
import { eachRow } from '../calls/each-row.ts';
import type { Answer, Body, Query } from '../calls/operations.ts';

/** The models that are watched, those that nobody registered among them. What can be asked is in `chat.models()`. */
export interface Models {
  register(model: Body<'registerMonitoredModel'>, options?: CallOptions): Promise<Answer<'registerMonitoredModel'>>;
  list(query?: Query<'listMonitoredModels'>, options?: CallOptions): Promise<Answer<'listMonitoredModels'>>;
  each(options?: CallOptions): AsyncGenerator<Answer<'getMonitoredModel'>, void, undefined>;
  get(id: string, options?: CallOptions): Promise<Answer<'getMonitoredModel'>>;
  update(
    id: string,
    model: Body<'updateMonitoredModel'>,
    options?: CallOptions,
  ): Promise<Answer<'updateMonitoredModel'>>;
  delete(id: string, options?: CallOptions): Promise<null>;
  /** How it is, and why: ok, degraded, drifting, failing or without data. */
  health(id: string, options?: CallOptions): Promise<Answer<'getModelHealth'>>;
}

export function openModels(caller: Caller): Models {
  const list: Models['list'] = (query = {}, options) => caller.call('listMonitoredModels', { query }, options);
  return {
    register: (body, options) => caller.call('registerMonitoredModel', { body }, options),
    list,
    each: (options) => eachRow((cursor) => list({ limit: 100, ...cursor }, options)),
    get: (id, options) => caller.call('getMonitoredModel', { params: { id } }, options),
    update: (id, body, options) => caller.call('updateMonitoredModel', { params: { id }, body }, options),
    delete: (id, options) => caller.call('deleteMonitoredModel', { params: { id } }, options),
    health: (id, options) => caller.call('getModelHealth', { params: { id } }, options),
  };
}
