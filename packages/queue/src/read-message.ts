import { jobBinding, JobMessage, type JobContract } from '@signalbox/contracts';
import { verifyIdentity, type CallerIdentity, type IdentityKeys } from '@signalbox/identity';
import type { z } from 'zod';

export type ReadMessage<Payload extends z.ZodType> =
  | { kind: 'message'; message: JobMessage; payload: z.output<Payload>; caller: CallerIdentity }
  /** It will never be worked off as it is, however often it comes. */
  | { kind: 'poison'; reason: string };

/**
 * Reads what came out of a queue. A version above the contract's is poison (this worker would misread it); one below is
 * read if the payload still parses, so that both versions run side by side during a rollout.
 */
export function readMessage<Payload extends z.ZodType>(
  job: JobContract<Payload>,
  identityKeys: IdentityKeys,
  data: unknown,
): ReadMessage<Payload> {
  const parsed = JobMessage.safeParse(data);
  if (!parsed.success) return poison(`the message is malformed: ${whatIsWrong(parsed.error)}`);
  const message = parsed.data;
  if (message.name !== job.name) return poison('the message is for another job');
  if (message.v > job.version) {
    return poison(`version ${String(message.v)} is unknown; this worker knows ${String(job.version)}`);
  }
  const caller = callerOf(job, identityKeys, message);
  if (caller === null) return poison('the identity is not signed for this job');
  const payload = job.payload.safeParse(message.payload);
  if (!payload.success) {
    return poison(`the payload of version ${String(message.v)} does not parse: ${whatIsWrong(payload.error)}`);
  }
  return { kind: 'message', message, payload: payload.data, caller };
}

function callerOf(job: JobContract, identityKeys: IdentityKeys, message: JobMessage): CallerIdentity | null {
  try {
    return verifyIdentity(identityKeys, jobBinding(job, message.id), message.identity, { maxAgeMs: null });
  } catch {
    // It throws for one reason only, and that is the answer here.
    return null;
  }
}

function poison(reason: string): { kind: 'poison'; reason: string } {
  return { kind: 'poison', reason };
}

/** Where it is wrong, without a value: the reason is shown to operators and values may be secret. */
function whatIsWrong(error: z.ZodError): string {
  const issues = error.issues
    .slice(0, 5)
    .map(({ path, code }) => `${path.map(String).join('.') || 'all of it'} (${code})`);
  return issues.join(', ');
}
