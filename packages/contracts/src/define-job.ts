import type { z } from 'zod';
import type { ServiceName } from './define-route.ts';

/** A queue's job, apart from its handler: both ends share this and nothing else. */
export interface JobContract<Payload extends z.ZodType = z.ZodType> {
  /** `<area>.<verb>`; it is the name of the queue as well. No `:` (BullMQ builds its keys with it). */
  name: string;
  /** Grows when the payload changes in a way that an older worker would misread; unknown versions go to the dead letters. */
  version: number;
  /** The service that works this job off. */
  worker: ServiceName;
  payload: Payload;
  /** Tries in all, and the first wait between two of them (it doubles). */
  attempts: number;
  backoffMs: number;
}

export function defineJob<Payload extends z.ZodType>(
  job: Omit<JobContract<Payload>, 'attempts' | 'backoffMs'> & Partial<Pick<JobContract, 'attempts' | 'backoffMs'>>,
): JobContract<Payload> {
  return { attempts: 5, backoffMs: 1_000, ...job };
}

/** Something that happened, told to every service that subscribes: one job per subscriber, named `<event>.<service>`. */
export interface EventContract<Payload extends z.ZodType = z.ZodType> {
  name: string;
  version: number;
  /** The service that emits it, through its outbox. */
  emitter: ServiceName;
  subscribers: readonly ServiceName[];
  payload: Payload;
}

export function defineEvent<Payload extends z.ZodType>(event: EventContract<Payload>): EventContract<Payload> {
  return event;
}

/** The job by which one subscriber receives an event. */
export function eventJob<Payload extends z.ZodType>(
  event: EventContract<Payload>,
  subscriber: ServiceName,
): JobContract<Payload> {
  return defineJob({
    name: `${event.name}.${subscriber}`,
    version: event.version,
    worker: subscriber,
    payload: event.payload,
    attempts: 10,
  });
}
