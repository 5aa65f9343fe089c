import type { Caller, CallOptions } from '../calls/caller.ts';
import { eachRow } from '../calls/each-row.ts';
import type { Answer, Body, Query } from '../calls/operations.ts';

export interface AlertRules {
  create(rule: Body<'createAlertRule'>, options?: CallOptions): Promise<Answer<'createAlertRule'>>;
  list(query?: Query<'listAlertRules'>, options?: CallOptions): Promise<Answer<'listAlertRules'>>;
  get(id: string, options?: CallOptions): Promise<Answer<'getAlertRule'>>;
  update(id: string, changes: Body<'updateAlertRule'>, options?: CallOptions): Promise<Answer<'updateAlertRule'>>;
  delete(id: string, options?: CallOptions): Promise<null>;
}

export interface Alerts {
  list(query?: Query<'listAlerts'>, options?: CallOptions): Promise<Answer<'listAlerts'>>;
  each(query?: Query<'listAlerts'>, options?: CallOptions): AsyncGenerator<Answer<'getAlert'>, void, undefined>;
  get(id: string, options?: CallOptions): Promise<Answer<'getAlert'>>;
  acknowledge(id: string, said?: Body<'acknowledgeAlert'>, options?: CallOptions): Promise<Answer<'acknowledgeAlert'>>;
  resolve(id: string, said?: Body<'resolveAlert'>, options?: CallOptions): Promise<Answer<'resolveAlert'>>;
  rules: AlertRules;
}

export function openAlerts(caller: Caller): Alerts {
  const list: Alerts['list'] = (query = {}, options) => caller.call('listAlerts', { query }, options);
  return {
    list,
    each: (query = {}, options) => eachRow((cursor) => list({ limit: 100, ...query, ...cursor }, options)),
    get: (id, options) => caller.call('getAlert', { params: { id } }, options),
    acknowledge: (id, body = {}, options) => caller.call('acknowledgeAlert', { params: { id }, body }, options),
    resolve: (id, body = {}, options) => caller.call('resolveAlert', { params: { id }, body }, options),
    rules: {
      create: (body, options) => caller.call('createAlertRule', { body }, options),
      list: (query = {}, options) => caller.call('listAlertRules', { query }, options),
      get: (id, options) => caller.call('getAlertRule', { params: { id } }, options),
      update: (id, body, options) => caller.call('updateAlertRule', { params: { id }, body }, options),
      delete: (id, options) => caller.call('deleteAlertRule', { params: { id } }, options),
    },
  };
}
