import type { LabelSet } from '../labels/label-set.ts';
import { afterFlush, type GroupTimer } from './group-timer.ts';
import { needsUpdate, type LastSent, type UpdateReason } from './needs-update.ts';

/** An alert of a group, as far as deciding about it needs. */
export interface GroupedAlert {
  readonly fingerprint: string;
  readonly labels: LabelSet;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/** One way to a receiver, with what it was last told of this group. */
export interface Addressee {
  readonly index: number;
  /** Whether it is told of resolutions. */
  readonly sendResolved: boolean;
  readonly lastSent: LastSent | null;
}

export interface FlushInput<Alert extends GroupedAlert> {
  readonly timer: GroupTimer;
  /** All alerts of the group, the resolved ones that it has not let go of included. */
  readonly alerts: readonly Alert[];
  readonly addressees: readonly Addressee[];
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** Who inhibits an alert: fingerprints, none if nobody does. */
  readonly inhibitedBy: (labels: LabelSet) => readonly string[];
  /** The ids of the active silences that fit it. */
  readonly silencedBy: (labels: LabelSet) => readonly string[];
  /** The time intervals that forbid the route to speak now; none if it may. */
  readonly mutedBy: readonly string[];
  readonly now: Date;
}

export interface SuppressedAlert<Alert extends GroupedAlert> {
  readonly alert: Alert;
  readonly inhibitedBy: readonly string[];
  readonly silencedBy: readonly string[];
}

export type FlushReason = UpdateReason | 'no_alerts' | 'all_suppressed' | 'muted_by_time_interval' | 'no_addressee';

/** What becomes of one addressee: `send` and record it, only `record` it (its alerts ended and it is told of no end), or `skip`. */
export interface AddresseeVerdict<Alert extends GroupedAlert> {
  readonly index: number;
  readonly kind: 'send' | 'record' | 'skip';
  readonly reason: UpdateReason;
  /** What is sent: the firing ones, and with `sendResolved` the resolved ones, in the order of the input. */
  readonly alerts: readonly Alert[];
  /** To be kept as its `lastSent` unless it is skipped. */
  readonly record: LastSent;
}

export interface FlushDecision<Alert extends GroupedAlert> {
  /** `notify` if anybody is sent anything. */
  readonly kind: 'nothing' | 'notify';
  /** Of the first addressee that is sent something, else why nobody is. */
  readonly reason: FlushReason;
  readonly firing: readonly Alert[];
  readonly resolved: readonly Alert[];
  readonly suppressed: readonly SuppressedAlert<Alert>[];
  readonly addressees: readonly AddresseeVerdict<Alert>[];
  /** The resolved alerts, which the group lets go of unless they have been reported again meanwhile. */
  readonly leaving: readonly Alert[];
  readonly timer: GroupTimer;
}

/**
 * Decides one flush of a group, in the order of Alertmanager's pipeline: inhibition, the route's time intervals, silences,
 * and then for each addressee whether there is news. What is suppressed is neither told nor recorded, resolved or not.
 */
export function decideFlush<Alert extends GroupedAlert>(input: FlushInput<Alert>): FlushDecision<Alert> {
  const { alerts, now } = input;
  const leaving = alerts.filter((alert) => alert.endsAt <= now);
  const timer = afterFlush(input.timer, input, now, leaving.length === alerts.length);
  const suppressed = suppressedOf(input);
  const muted = new Set(suppressed.map(({ alert }) => alert));
  const told = input.mutedBy.length > 0 ? [] : alerts.filter((alert) => !muted.has(alert));
  const resolved = told.filter((alert) => alert.endsAt <= now);
  const firing = told.filter((alert) => alert.endsAt > now);
  const decided = { firing, resolved, suppressed, leaving, timer };
  const silent = whyNobodyIsTold(input, told);
  if (silent !== null) return { ...decided, kind: 'nothing', reason: silent, addressees: [] };
  const addressees = input.addressees.map((addressee) => verdictOn(addressee, { told, firing, resolved }, input));
  const sent = addressees.find(({ kind }) => kind === 'send');
  return {
    ...decided,
    kind: sent === undefined ? 'nothing' : 'notify',
    reason: (sent ?? addressees[0])?.reason ?? 'no_addressee',
    addressees,
  };
}

function suppressedOf<Alert extends GroupedAlert>(input: FlushInput<Alert>): SuppressedAlert<Alert>[] {
  return input.alerts.flatMap((alert) => {
    const inhibitedBy = input.inhibitedBy(alert.labels);
    const silencedBy = input.silencedBy(alert.labels);
    return inhibitedBy.length + silencedBy.length === 0 ? [] : [{ alert, inhibitedBy, silencedBy }];
  });
}

function whyNobodyIsTold<Alert extends GroupedAlert>(
  { alerts, mutedBy, addressees }: FlushInput<Alert>,
  told: readonly Alert[],
): FlushReason | null {
  if (alerts.length === 0) return 'no_alerts';
  if (mutedBy.length > 0) return 'muted_by_time_interval';
  if (told.length === 0) return 'all_suppressed';
  return addressees.length === 0 ? 'no_addressee' : null;
}

function verdictOn<Alert extends GroupedAlert>(
  { index, sendResolved, lastSent }: Addressee,
  { told, firing, resolved }: { told: readonly Alert[]; firing: readonly Alert[]; resolved: readonly Alert[] },
  { repeatIntervalMs, timer, now }: FlushInput<Alert>,
): AddresseeVerdict<Alert> {
  const record = { firing: fingerprints(firing), resolved: fingerprints(resolved), at: now };
  // The beat, not the moment at which somebody got round to it, or repeating at every beat would hang on microseconds.
  const beat = timer.nextFlushAt < now ? timer.nextFlushAt : now;
  const { needed, reason } = needsUpdate(lastSent, record, { sendResolved, repeatIntervalMs, now: beat });
  const alerts = sendResolved ? told : firing;
  const kind = !needed ? 'skip' : alerts.length > 0 ? 'send' : 'record';
  return { index, kind, reason, alerts: kind === 'send' ? alerts : [], record };
}

function fingerprints(alerts: readonly GroupedAlert[]): string[] {
  return alerts.map(({ fingerprint }) => fingerprint);
}
