import type { LabelSet } from '../labels/label-set.ts';

/** An alert as a notification tells of it, fixed at the moment of the decision. Times are RFC 3339. */
export interface NotifiedAlert {
  readonly fingerprint: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly generatorUrl: string;
  readonly startsAt: string;
  /** null while it fires: nobody knows. */
  readonly endsAt: string | null;
}

/**
 * `group`: what a flush decided; `digest`: several that were held back, as one; `test`, `heartbeat`: what they say; `self`:
 * that messages to somebody else do not arrive; `escalation`: that nobody acknowledged, or that it is over;
 * `acknowledgement`: that somebody is at all of what fires in a group.
 */
export type NotificationKind = 'group' | 'digest' | 'test' | 'heartbeat' | 'self' | 'escalation' | 'acknowledgement';

/** What was decided to be told to one receiver. */
export interface Notification {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: NotificationKind;
  readonly reason: string;
  readonly status: 'firing' | 'resolved';
  readonly receiver: string;
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
  readonly alerts: readonly NotifiedAlert[];
  /** Of the most severe firing alert; see `severityRank`. -1: nothing fires. */
  readonly severity: number;
  /** How many notifications this one stands for, because they came too fast. */
  readonly heldBack: number;
  readonly decidedAt: Date;
}

/** Why an alert of a group was not told. */
export interface SuppressedEntry {
  readonly fingerprint: string;
  readonly inhibitedBy: readonly string[];
  readonly silencedBy: readonly string[];
}

export const severities = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** What else is written where a severity is meant. */
const synonyms: Readonly<Record<string, Severity>> = {
  none: 'info',
  notice: 'info',
  minor: 'low',
  warn: 'medium',
  warning: 'medium',
  error: 'high',
  major: 'high',
  page: 'critical',
  fatal: 'critical',
  emergency: 'critical',
};

/** By the label `severity`; an alert that says nothing that is known counts as `medium`. */
export function severityOf({ severity = '' }: LabelSet): Severity {
  const word = severity.toLowerCase();
  return severities.find((one) => one === word) ?? synonyms[word] ?? 'medium';
}

/** 0 (`info`) to 4 (`critical`) of the most severe firing alert; -1 if none fires. */
export function severityRank(alerts: readonly Pick<NotifiedAlert, 'status' | 'labels'>[]): number {
  return Math.max(
    -1,
    ...alerts.flatMap(({ status, labels }) => (status === 'firing' ? [severities.indexOf(severityOf(labels))] : [])),
  );
}

/** Firing as long as one of them fires. */
export function statusOf(alerts: readonly Pick<NotifiedAlert, 'status'>[]): 'firing' | 'resolved' {
  return alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved';
}
