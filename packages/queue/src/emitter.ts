import {
  eventJob,
  jobBinding,
  type EventContract,
  type JobContract,
  type JobMessage,
  type ServiceName,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { signIdentity, type CallerIdentity, type IdentityKeys } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { outgoingTraceparent } from '@signalbox/telemetry';
import type { z } from 'zod';

/** One message and where it goes; what `emit` of @signalbox/postgres stores. */
export interface OutgoingMessage {
  id: string;
  /** The job's name, which is its queue's. */
  name: string;
  /** A `JobMessage` as JSON. */
  message: string;
}

export interface EmitterOptions {
  service: ServiceName;
  identityKeys: IdentityKeys;
}

export interface Emitter {
  /**
   * Makes what `emit(trx, rows)` of @signalbox/postgres stores, or a statement of one's own (`id`, `name`, `message`):
   * one row for a job; for an event one for each subscriber. Touches nothing outside, so it may run before the
   * transaction begins. `id` makes the message one with every other of that id; default: a new id. Throws
   * `payload_too_large` above 256 KiB: send references, not blobs.
   */
  outboxRows<Payload extends z.ZodType>(
    contract: JobContract<Payload> | EventContract<Payload>,
    payload: z.input<Payload>,
    caller: CallerIdentity,
    options?: { id?: string },
  ): OutgoingMessage[];
}

const messageBytesMax = 262_144;

export function createEmitter({ service, identityKeys }: EmitterOptions): Emitter {
  return {
    outboxRows(contract, payload, caller, { id } = {}) {
      const parsed = contract.payload.parse(payload);
      if ('worker' in contract) return [toOutgoing(toMessage(contract, parsed, caller, identityKeys, id))];
      if (contract.emitter !== service) {
        throw new TypeError(`${contract.name} is told by ${contract.emitter}, not by ${service}`);
      }
      const eventId = id ?? newId('evt');
      return contract.subscribers.map((subscriber) =>
        toOutgoing(toMessage(eventJob(contract, subscriber), parsed, caller, identityKeys, `${eventId}.${subscriber}`)),
      );
    },
  };
}

/** The message for one job, signed. `payload` has been parsed. */
export function toMessage(
  job: JobContract,
  payload: unknown,
  caller: CallerIdentity,
  identityKeys: IdentityKeys,
  id = newId('job'),
): JobMessage {
  return {
    v: job.version,
    id,
    name: job.name,
    payload,
    identity: signIdentity(identityKeys, jobBinding(job, id), caller),
    request_id: caller.requestId,
    traceparent: outgoingTraceparent(),
    attempts: job.attempts,
    backoff_ms: job.backoffMs,
    emitter: null,
    emitted_at: new Date().toISOString(),
  };
}

function toOutgoing(message: JobMessage): OutgoingMessage {
  const text = JSON.stringify(message);
  if (text.length > messageBytesMax) {
    throw new AppError('payload_too_large', 'The message is too large to be queued.');
  }
  return { id: message.id, name: message.name, message: text };
}
