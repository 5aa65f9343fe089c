import type { Caller, CallOptions } from '../calls/caller.ts';
import { eachRow } from '../calls/each-row.ts';
import type { Answer, Body, Query } from '../calls/operations.ts';
import { readText } from '../calls/read-text.ts';
import { followEvents, type FollowOptions, type TypedEvent } from '../streams/follow-events.ts';
import { readBytes } from '../streams/read-bytes.ts';
import { waitForEnd, withoutWaiting, type WaitOptions } from '../streams/wait-for-end.ts';

type Job = Answer<'getResearch'>;

export interface Research {
  create(input: Body<'createResearch'>, options?: CallOptions): Promise<Job>;
  list(query?: Query<'listResearch'>, options?: CallOptions): Promise<Answer<'listResearch'>>;
  each(options?: CallOptions): AsyncGenerator<Job, void, undefined>;
  get(id: string, options?: CallOptions): Promise<Job>;
  delete(id: string, options?: CallOptions): Promise<null>;
  cancel(id: string, options?: CallOptions): Promise<Job>;
  retry(id: string, options?: CallOptions): Promise<Job>;
  approve(id: string, options?: CallOptions): Promise<Job>;
  /** Asks about a finished report. */
  ask(id: string, question: string, options?: CallOptions): Promise<Answer<'askResearch'>>;
  report(id: string, format: 'html' | 'md' | 'json', options?: CallOptions): Promise<string>;
  /** What happens to a job, from its first event or the one after `lastEventId` to the one that ends it. */
  events(id: string, options?: FollowOptions): AsyncGenerator<TypedEvent, void, undefined>;
  /** Begins research and gives the job when it has ended, however that was. */
  createAndWait(input: Body<'createResearch'>, options?: WaitOptions & Omit<CallOptions, 'timeoutMs'>): Promise<Job>;
  /** Waits for a job that was begun before. */
  wait(id: string, options?: WaitOptions): Promise<Job>;
}

const reportOperations = { html: 'getReportHtml', md: 'getReportMarkdown', json: 'getReportJson' } as const;
const finalStates = new Set(['completed', 'completed_partial', 'failed', 'cancelled']);

export function openResearch(caller: Caller): Research {
  const create: Research['create'] = (body, options) => caller.call('createResearch', { body }, options);
  const list: Research['list'] = (query = {}, options) => caller.call('listResearch', { query }, options);
  const get: Research['get'] = (id, options) => caller.call('getResearch', { params: { id } }, options);
  const events: Research['events'] = (id, options = {}) =>
    followEvents({
      ...options,
      isLast: ({ type, data }) => finalStates.has(type) || isFinal((data as Partial<Job> | null)?.status),
      open: (headers) =>
        caller.open(
          'streamResearchEvents',
          { params: { id }, accept: 'text/event-stream', headers },
          options.signal === undefined ? {} : { signal: options.signal },
        ),
    });
  const wait: Research['wait'] = (id, options = {}) =>
    waitForEnd({
      ...options,
      what: `research ${id}`,
      events: (signal) => events(id, { signal }),
      get: (signal) => get(id, { signal }),
      isEnded: ({ status }) => isFinal(status),
    });
  return {
    create,
    list,
    each: (options) => eachRow((cursor) => list({ limit: 100, ...cursor }, options)),
    get,
    delete: (id, options) => caller.call('deleteResearch', { params: { id } }, options),
    cancel: (id, options) => caller.call('cancelResearch', { params: { id } }, options),
    retry: (id, options) => caller.call('retryResearch', { params: { id } }, options),
    approve: (id, options) => caller.call('approveResearch', { params: { id } }, options),
    ask: (id, question, options) => caller.call('askResearch', { params: { id }, body: { question } }, options),
    async report(id, format, options = {}) {
      const open = await caller.open(reportOperations[format], { params: { id }, accept: '*/*' }, options);
      return readText(readBytes(open, options.signal ?? null));
    },
    events,
    async createAndWait(input, options = {}) {
      const { id } = await create(input, withoutWaiting(options));
      return wait(id, options);
    },
    wait,
  };
}

function isFinal(status: unknown): boolean {
  return finalStates.has(String(status));
}
