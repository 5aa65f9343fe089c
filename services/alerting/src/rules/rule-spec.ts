import type { AlertRuleInput } from '@signalbox/contracts';

/** What a rule says, with everything that was left out said. */
export type RuleSpec = {
  [Name in Exclude<keyof AlertRuleInput, 'enabled'>]-?: Exclude<AlertRuleInput[Name], undefined>;
};
