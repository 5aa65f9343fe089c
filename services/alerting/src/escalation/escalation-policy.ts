import type { LabelSet } from '../labels/label-set.ts';
import { compileMatcher, matchesAll, type MatcherSpec } from '../matchers/matcher.ts';

export interface EscalationStep {
  readonly afterSeconds: number;
  /** Ids or names of channels. */
  readonly channels: readonly string[];
}

export interface EscalationPolicy {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly matchers: readonly MatcherSpec[];
  readonly steps: readonly EscalationStep[];
  readonly createdAt: Date;
}

/** An alert that fires, and that nobody has acknowledged. */
export interface WaitingAlert {
  readonly fingerprint: string;
  readonly episode: number;
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly generatorUrl: string;
  readonly firedAt: Date;
}

export interface DueStep {
  readonly alert: WaitingAlert;
  /** From 0. */
  readonly step: number;
}

/** The steps whose time has come, for the alerts that a policy is about; earlier ones included, whether taken or not. */
export function dueSteps(
  { matchers, steps }: Pick<EscalationPolicy, 'matchers' | 'steps'>,
  alerts: readonly WaitingAlert[],
  now: Date,
): DueStep[] {
  const compiled = matchers.map(compileMatcher);
  return alerts
    .filter(({ labels }) => matchesAll(compiled, labels))
    .flatMap((alert) =>
      steps.flatMap(({ afterSeconds }, step) =>
        alert.firedAt.getTime() + afterSeconds * 1_000 <= now.getTime() ? [{ alert, step }] : [],
      ),
    );
}
