import type { Caller, CallOptions } from '../calls/caller.ts';
import { eachRow } from '../calls/each-row.ts';
import type { Answer, Body, Query } from '../calls/operations.ts';
import { followEvents, type FollowOptions, type TypedEvent } from '../streams/follow-events.ts';
import { waitForEnd, withoutWaiting, type WaitOptions } from '../streams/wait-for-end.ts';

type Task = Answer<'getTask'>;

export interface Tasks {
  /** Hands a task in; the same `idempotencyKey` with the same task is one task. */
  create(system: string, task: Body<'createTask'>, options?: CallOptions): Promise<Task>;
  list(system: string, query?: Query<'listTasks'>, options?: CallOptions): Promise<Answer<'listTasks'>>;
  get(system: string, task: string, options?: CallOptions): Promise<Task>;
  cancel(system: string, task: string, options?: CallOptions): Promise<Task>;
  /** What happens to a task, from its first event or the one after `lastEventId` to the one that ends it. */
  events(system: string, task: string, options?: FollowOptions): AsyncGenerator<TypedEvent, void, undefined>;
  /** Hands a task in and gives it when it has ended, however that was. */
  createAndWait(
    system: string,
    task: Body<'createTask'>,
    options?: WaitOptions & Omit<CallOptions, 'timeoutMs'>,
  ): Promise<Task>;
}

export interface Systems {
  create(system: Body<'createSystem'>, options?: CallOptions): Promise<Answer<'createSystem'>>;
  list(query?: Query<'listSystems'>, options?: CallOptions): Promise<Answer<'listSystems'>>;
  each(options?: CallOptions): AsyncGenerator<Answer<'getSystem'>, void, undefined>;
  get(id: string, options?: CallOptions): Promise<Answer<'getSystem'>>;
  update(id: string, changes: Body<'updateSystem'>, options?: CallOptions): Promise<Answer<'updateSystem'>>;
  delete(id: string, options?: CallOptions): Promise<null>;
  versions(
    id: string,
    query?: Query<'listSystemVersions'>,
    options?: CallOptions,
  ): Promise<Answer<'listSystemVersions'>>;
  tasks: Tasks;
}

const finalStates = new Set(['completed', 'failed', 'cancelled']);

export function openSystems(caller: Caller): Systems {
  const list: Systems['list'] = (query = {}, options) => caller.call('listSystems', { query }, options);
  return {
    create: (body, options) => caller.call('createSystem', { body }, options),
    list,
    each: (options) => eachRow((cursor) => list({ limit: 100, ...cursor }, options)),
    get: (id, options) => caller.call('getSystem', { params: { id } }, options),
    update: (id, body, options) => caller.call('updateSystem', { params: { id }, body }, options),
    delete: (id, options) => caller.call('deleteSystem', { params: { id } }, options),
    versions: (id, query = {}, options) => caller.call('listSystemVersions', { params: { id }, query }, options),
    tasks: openTasks(caller),
  };
}

function openTasks(caller: Caller): Tasks {
  const create: Tasks['create'] = (id, body, options) => caller.call('createTask', { params: { id }, body }, options);
  const get: Tasks['get'] = (id, task, options) => caller.call('getTask', { params: { id, task } }, options);
  const events: Tasks['events'] = (id, task, options = {}) =>
    followEvents({
      ...options,
      isLast: ({ type, data }) => type === 'status' && isFinal((data as Partial<Task> | null)?.status),
      open: (headers) =>
        caller.open(
          'streamTaskEvents',
          { params: { id, task }, accept: 'text/event-stream', headers },
          options.signal === undefined ? {} : { signal: options.signal },
        ),
    });
  return {
    create,
    list: (id, query = {}, options) => caller.call('listTasks', { params: { id }, query }, options),
    get,
    cancel: (id, task, options) => caller.call('cancelTask', { params: { id, task } }, options),
    events,
    async createAndWait(id, body, options = {}) {
      const task = await create(id, body, withoutWaiting(options));
      return waitForEnd({
        ...options,
        what: `task ${task.id}`,
        events: (signal) => events(id, task.id, { signal }),
        get: (signal) => get(id, task.id, { signal }),
        isEnded: ({ status }) => isFinal(status),
      });
    },
  };
}

function isFinal(status: unknown): boolean {
  return finalStates.has(String(status));
}
