import type { Notification } from '../notifications/notification.ts';

/** One message to one destination. What it says is fixed; who sends it again sends the same under the same id. */
export interface ChannelMessage {
  /** Constant over all attempts: receivers know by it what they have seen. */
  readonly id: string;
  readonly notification: Notification;
  /** Whether it tells of alerts that have ended as well. */
  readonly sendsResolved: boolean;
  /** For kinds that address people: the one whom this message is for. */
  readonly recipient: string | null;
  readonly sentAt: Date;
  /** Where the mesh is found. */
  readonly externalUrl: string;
}

/**
 * What became of an attempt. `accepted`: the other side has it. `throttled`: later, and others to it as well. `failed`:
 * something is wrong there, or on the way; the same may succeed later. `rejected`: this message, as it is, is not wanted;
 * `isFinal` when asking again is known to be useless. `gone`: nobody is there any more and wants to be left alone.
 */
export type SendOutcome =
  | { readonly kind: 'accepted'; readonly status: number | null }
  | {
      readonly kind: 'throttled';
      readonly status: number | null;
      readonly retryAfterMs: number | null;
      readonly reason: string;
    }
  | { readonly kind: 'failed'; readonly status: number | null; readonly reason: string }
  | { readonly kind: 'rejected'; readonly status: number | null; readonly reason: string; readonly isFinal: boolean }
  | { readonly kind: 'gone'; readonly status: number | null; readonly reason: string };

/** How many messages may arrive in a window; what comes on top is told together when it ends. */
export interface MessageLimit {
  readonly messagesMax: number;
  readonly windowMs: number;
}

/** Settings that fit their kind: what is kept sealed, and what of it may be shown. */
export interface CheckedSettings {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly shown: Readonly<Record<string, unknown>>;
}

/**
 * A way of telling somebody. A further one is an object of this interface in the list of `openChannelKinds`; storing,
 * retrying, limiting and tracing are done for it.
 */
export interface ChannelKind {
  readonly kind: string;
  /** Several notifications may become one message. Not for receivers that keep a state for each group. */
  readonly isDigestible: boolean;
  readonly limit: MessageLimit;
  /** Receivers that keep a state for each group are told when somebody has acknowledged it. */
  readonly takesAcknowledgements?: boolean;
  /** Throws `validation_failed`, naming the fields below `settings`. */
  check(settings: unknown): CheckedSettings;
  /** Whom messages are addressed to, one each; null when the destination is one. Asks what may be shown. */
  recipientsOf(shown: Readonly<Record<string, unknown>>): readonly string[] | null;
  /** Sends once. Throws only when something is wrong in here. */
  send(settings: Readonly<Record<string, unknown>>, message: ChannelMessage, signal: AbortSignal): Promise<SendOutcome>;
}
