import type { LabelSet } from '../labels/label-set.ts';
import { matchesAll, type Matcher } from '../matchers/matcher.ts';

/** While an alert of the source side fires, those of the target side with the same values of `equal` are not told. */
export interface InhibitRule {
  readonly source: readonly Matcher[];
  readonly target: readonly Matcher[];
  /** An absent label equals an empty one. */
  readonly equal: readonly string[];
}

/** An alert that may inhibit others as long as it fires. */
export interface InhibitSource {
  readonly fingerprint: string;
  readonly labels: LabelSet;
  readonly endsAt: Date;
}

/**
 * Says for a label set which alert inhibits it: one fingerprint (the least, if several do), or none. A target that is on
 * the source side too is not inhibited by alerts of which the same is true, so that two of them do not silence each other.
 */
export function createInhibitor(
  rules: readonly InhibitRule[],
  alerts: readonly InhibitSource[],
  now: Date,
): (labels: LabelSet) => readonly string[] {
  const prepared = rules.map((rule) => prepare(rule, alerts, now));
  return (labels) => {
    for (const { rule, sources } of prepared) {
      if (!matchesAll(rule.target, labels)) continue;
      const twoSided = matchesAll(rule.source, labels);
      const inhibiting = (sources.get(equalKey(rule, labels)) ?? []).find((source) => !(twoSided && source.twoSided));
      if (inhibiting !== undefined) return [inhibiting.fingerprint];
    }
    return [];
  };
}

interface PreparedRule {
  rule: InhibitRule;
  /** All firing sources, not only one, by the values that have to be equal. */
  sources: Map<string, { fingerprint: string; twoSided: boolean }[]>;
}

function prepare(rule: InhibitRule, alerts: readonly InhibitSource[], now: Date): PreparedRule {
  const sources: PreparedRule['sources'] = new Map();
  for (const { fingerprint, labels, endsAt } of alerts) {
    if (endsAt <= now || !matchesAll(rule.source, labels)) continue;
    const key = equalKey(rule, labels);
    const source = { fingerprint, twoSided: matchesAll(rule.target, labels) };
    const others = sources.get(key);
    if (others === undefined) sources.set(key, [source]);
    else others.push(source);
  }
  for (const equals of sources.values()) equals.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  return { rule, sources };
}

function equalKey({ equal }: InhibitRule, labels: LabelSet): string {
  return JSON.stringify(equal.map((name) => labels[name] ?? ''));
}
