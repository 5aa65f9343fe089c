import type { AlertRuleInput } from '@signalbox/contracts';

type Said = {
  [Name in Exclude<keyof AlertRuleInput, 'enabled' | 'notify_limit'>]-?: Exclude<AlertRuleInput[Name], undefined>;
};

/** What a rule says, with everything that was left out said. */
export interface RuleSpec extends Said {
  /** Absent: it has none. */
  notify_limit?: NonNullable<AlertRuleInput['notify_limit']>;
}
