import type { Caller, CallOptions } from '../calls/caller.ts';
import type { Answer, Body, Query } from '../calls/operations.ts';

export interface DriftReferences {
  /** Freezes a reference, from a window or from rows that are given. */
  create(reference: Body<'createDriftReference'>, options?: CallOptions): Promise<Answer<'createDriftReference'>>;
  list(query?: Query<'listDriftReferences'>, options?: CallOptions): Promise<Answer<'listDriftReferences'>>;
  get(id: string, options?: CallOptions): Promise<Answer<'getDriftReference'>>;
  retire(id: string, options?: CallOptions): Promise<Answer<'retireDriftReference'>>;
}

export interface Drift {
  /** Compares two samples by one method, without keeping anything. */
  compare(request: Body<'compareDrift'>, options?: CallOptions): Promise<Answer<'compareDrift'>>;
  methods(options?: CallOptions): Promise<Answer<'listDriftMethods'>>;
  references: DriftReferences;
  verdicts(query?: Query<'listDriftVerdicts'>, options?: CallOptions): Promise<Answer<'listDriftVerdicts'>>;
  verdict(id: string, options?: CallOptions): Promise<Answer<'getDriftVerdict'>>;
  /** Judges a model now, in place of waiting for the schedule. */
  run(model: string, request?: Body<'runDrift'>, options?: CallOptions): Promise<Answer<'runDrift'>>;
}

export function openDrift(caller: Caller): Drift {
  return {
    compare: (body, options) => caller.call('compareDrift', { body }, options),
    methods: (options) => caller.call('listDriftMethods', {}, options),
    references: {
      create: (body, options) => caller.call('createDriftReference', { body }, options),
      list: (query = {}, options) => caller.call('listDriftReferences', { query }, options),
      get: (id, options) => caller.call('getDriftReference', { params: { id } }, options),
      retire: (id, options) => caller.call('retireDriftReference', { params: { id } }, options),
    },
    verdicts: (query = {}, options) => caller.call('listDriftVerdicts', { query }, options),
    verdict: (id, options) => caller.call('getDriftVerdict', { params: { id } }, options),
    run: (id, body = {}, options) => caller.call('runDrift', { params: { id }, body }, options),
  };
}
