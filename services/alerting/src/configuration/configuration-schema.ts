import { z } from 'zod';
import { GlobalSchema, ReceiverSchema } from './receiver-schema.ts';
import {
  duration,
  exactMatches,
  flag,
  labelName,
  matcherLines,
  positiveDuration,
  regexMatches,
  text,
} from './scalars.ts';
import { NamedIntervals } from './time-interval-schema.ts';

const groupBy = z.array(text).transform((names, context) => {
  if (!names.includes('...')) {
    for (const name of names)
      for (const { message } of labelName.safeParse(name).error?.issues ?? []) context.addIssue(message);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) context.addIssue(`duplicated label "${twice}" in group_by`);
    return names;
  }
  if (names.some((name) => name !== '...'))
    context.addIssue('cannot have wildcard group_by (`...`) and other labels at the same time');
  return 'all' as const;
});

/** A node of the routing tree as it is written. */
export const RouteSchema = z.strictObject({
  receiver: text.optional(),
  group_by: groupBy.optional(),
  match: exactMatches.optional(),
  match_re: regexMatches.optional(),
  matchers: matcherLines.optional(),
  mute_time_intervals: z.array(text).optional(),
  active_time_intervals: z.array(text).optional(),
  continue: flag.optional(),
  group_wait: duration.optional(),
  group_interval: positiveDuration.optional(),
  repeat_interval: positiveDuration.optional(),
  get routes() {
    return z.array(RouteSchema).optional();
  },
});
export type RouteSchema = z.output<typeof RouteSchema>;

const InhibitRuleSchema = z.strictObject({
  name: text.optional(),
  source_match: exactMatches.optional(),
  source_match_re: regexMatches.optional(),
  source_matchers: matcherLines.optional(),
  target_match: exactMatches.optional(),
  target_match_re: regexMatches.optional(),
  target_matchers: matcherLines.optional(),
  equal: z.array(labelName).optional(),
});
export type InhibitRuleSchema = z.output<typeof InhibitRuleSchema>;

/** Alertmanager's own file of settings. Strict: a setting that is misspelt is refused. */
export const ConfigurationSchema = z.strictObject(
  {
    global: GlobalSchema.optional(),
    route: RouteSchema.optional(),
    inhibit_rules: z.array(InhibitRuleSchema).optional(),
    receivers: z.array(ReceiverSchema).optional(),
    templates: z.array(text).optional(),
    mute_time_intervals: z.array(NamedIntervals).optional(),
    time_intervals: z.array(NamedIntervals).optional(),
  },
  {
    error: (issue) => (issue.code === 'invalid_type' ? 'expected a YAML document with route and receivers' : undefined),
  },
);
export type ConfigurationSchema = z.output<typeof ConfigurationSchema>;
