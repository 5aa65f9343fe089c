import type { MessageLimit, SendOutcome } from '../channels/channel.ts';
import type { Delivery } from './delivery.ts';
import { patientRetries, type FailedOutcome, type RetryPolicy } from './retry-policy.ts';

/** A message that arrived: when, and how severe its news was. `at` in milliseconds. */
export interface SentMessage {
  readonly at: number;
  readonly severity: number;
  /** The rule that it told of, if that one has a limit of its own, and for how long it counts for that. */
  readonly rule?: { readonly id: string; readonly windowMs: number };
}

/** What is known of one address, apart from what is on its way there. */
export interface Destination {
  readonly failures: number;
  readonly failingSince: Date | null;
  /** When somebody else was told that it fails; null: nobody, or it works. */
  readonly toldFailingAt: Date | null;
  readonly blockedUntil: Date | null;
  readonly sentRecently: readonly SentMessage[];
}

export type SendPlan =
  | { readonly kind: 'nothing' }
  /** Too much was sent: they wait until then, and are told together. */
  | { readonly kind: 'hold'; readonly until: Date }
  | { readonly kind: 'send'; readonly delivery: Delivery }
  | { readonly kind: 'digest'; readonly deliveries: readonly Delivery[] };

/**
 * What to send next to an address, of the deliveries that are due there, the oldest first. Within the limit: the oldest.
 * Beyond it: only what is more severe than all that the window has told, and the rest is held, to be told as one message
 * when the window ends. The limit of a rule holds in the same way for what tells of it. Nothing is ever dropped, and only
 * what arrived counts for a limit.
 */
export function planSend(
  { sentRecently }: Pick<Destination, 'sentRecently'>,
  waiting: readonly Delivery[],
  { messagesMax, windowMs }: MessageLimit,
  { isDigestible, now }: { isDigestible: boolean; now: Date },
): SendPlan {
  if (waiting.length === 0) return { kind: 'nothing' };
  const heldUntil = new Map(waiting.map((delivery) => [delivery, heldByRule(sentRecently, delivery, now)]));
  const due = waiting.filter((delivery) => heldUntil.get(delivery) === null);
  const [oldest] = due;
  if (oldest === undefined)
    return { kind: 'hold', until: new Date(Math.min(...[...heldUntil.values()].map((until) => until ?? Infinity))) };
  const window = sentRecently.filter(({ at }) => at > now.getTime() - windowMs);
  if (window.length >= messagesMax) {
    const told = Math.max(...window.map(({ severity }) => severity));
    const urgent = due.find(({ severity }) => severity > told);
    if (urgent !== undefined) return { kind: 'send', delivery: urgent };
    const first = window[window.length - messagesMax]?.at ?? now.getTime();
    return { kind: 'hold', until: new Date(first + windowMs) };
  }
  const held = due.filter(({ heldAt }) => heldAt !== null);
  if (isDigestible && held.length > 0 && due.length > 1) return { kind: 'digest', deliveries: due };
  return { kind: 'send', delivery: oldest };
}

/** Until when, in milliseconds, the limit of its rule holds a message back; null: it does not. */
function heldByRule(sent: readonly SentMessage[], { ruleLimit, severity }: Delivery, now: Date): number | null {
  if (ruleLimit === null) return null;
  const { ruleId, messagesMax, windowMs } = ruleLimit;
  const told = sent.filter(({ at, rule }) => rule?.id === ruleId && at > now.getTime() - windowMs);
  const first = told.at(-messagesMax);
  if (first === undefined || told.every((one) => one.severity < severity)) return null;
  return first.at + windowMs;
}

export interface Settlement {
  readonly delivery: Pick<Delivery, 'nextAt'> & { readonly state: 'pending' | 'sent' | 'dead' };
  readonly destination: Destination;
  /** It works again: what waits for later attempts may be tried at once. */
  readonly hasRecovered: boolean;
  /** The address said that nobody is there any more. */
  readonly isGone: boolean;
  /** What somebody else should hear: that messages do not arrive here, or that they do again. */
  readonly tell: 'failing' | 'recovered' | null;
}

const giveUpAfterMs = 24 * 3_600_000;
const [restMsMin, restMsMax] = [10_000, 300_000];
const tellFailingAfterMs = 60_000;
const sentKeptMax = 1_000;

export interface SettleOptions {
  now: Date;
  /** [0, 1) */
  random: () => number;
  limit: MessageLimit;
  /** When what failed is tried again. Default `patientRetries`. */
  policy?: RetryPolicy;
  /** When the group is looked at next, for a policy that wants to know. */
  nextBeat?: Date | null;
}

/**
 * What an attempt means for the delivery and for the address. `random` gives [0, 1): delays have full jitter, so that what
 * failed together does not come back together.
 */
export function settleAttempt(
  destination: Destination,
  delivery: Attempted,
  outcome: SendOutcome,
  options: SettleOptions,
): Settlement {
  switch (outcome.kind) {
    case 'accepted':
      return settleAccepted(destination, delivery, options);
    case 'throttled':
    case 'failed':
      return settleFailed(destination, delivery, outcome, options);
    case 'rejected': {
      const settled = retried(delivery, outcome, options);
      return { ...notDelivered(destination, settled.state === 'dead', options.now), delivery: settled };
    }
    case 'gone':
      return { ...notDelivered(destination, true, options.now), delivery: dead, isGone: true };
  }
}

type Attempted = Pick<Delivery, 'attempts' | 'createdAt' | 'severity' | 'ruleLimit'>;
const dead = { state: 'dead', nextAt: null } as const;

function settleAccepted(
  destination: Destination,
  { severity, ruleLimit }: Attempted,
  { now, limit }: SettleOptions,
): Settlement {
  const rule = ruleLimit === null ? {} : { rule: { id: ruleLimit.ruleId, windowMs: ruleLimit.windowMs } };
  const sent: SentMessage[] = [...destination.sentRecently, { at: now.getTime(), severity, ...rule }];
  const kept = sent
    .filter((one) => one.at > now.getTime() - Math.max(limit.windowMs, one.rule?.windowMs ?? 0))
    .slice(-sentKeptMax);
  return {
    delivery: { state: 'sent', nextAt: null },
    hasRecovered: destination.failures > 0,
    isGone: false,
    tell: destination.toldFailingAt === null ? null : 'recovered',
    destination: { failures: 0, failingSince: null, toldFailingAt: null, blockedUntil: null, sentRecently: kept },
  };
}

function settleFailed(
  destination: Destination,
  delivery: Attempted,
  outcome: Extract<SendOutcome, { kind: 'throttled' | 'failed' }>,
  options: SettleOptions,
): Settlement {
  const { now, random, policy = patientRetries } = options;
  const failures = destination.failures + 1;
  const failingSince = destination.failingSince ?? now;
  const rests = failures >= policy.failuresToRest;
  const restMs = Math.min(restMsMax, restMsMin * 2 ** Math.max(0, failures - policy.failuresToRest));
  const askedMs = outcome.kind === 'throttled' ? (outcome.retryAfterMs ?? 0) : 0;
  const blockMs = Math.max(askedMs, rests ? restMs * (0.5 + random() / 2) : 0);
  const blockedUntil = blockMs > 0 ? new Date(now.getTime() + blockMs) : null;
  const settled = retried(delivery, outcome, options);
  const isLong = rests && now.getTime() - failingSince.getTime() >= tellFailingAfterMs;
  return {
    ...notDelivered({ ...destination, failures, failingSince, blockedUntil }, isLong || settled.state === 'dead', now),
    delivery: settled,
  };
}

/** Others are told once for as long as it lasts. */
function notDelivered(destination: Destination, isWorthTelling: boolean, now: Date): Omit<Settlement, 'delivery'> {
  const isTold = isWorthTelling && destination.toldFailingAt === null;
  return {
    hasRecovered: false,
    isGone: false,
    tell: isTold ? 'failing' : null,
    destination: { ...destination, toldFailingAt: isTold ? now : destination.toldFailingAt },
  };
}

function retried(
  { attempts, createdAt }: Attempted,
  outcome: FailedOutcome,
  { now, random, policy = patientRetries, nextBeat = null }: SettleOptions,
): Settlement['delivery'] {
  if (now.getTime() - createdAt.getTime() >= giveUpAfterMs) return dead;
  const nextAt = policy.nextAttemptAt({ outcome, attempts, now, random, nextBeat });
  return nextAt === null ? dead : { state: 'pending', nextAt };
}
