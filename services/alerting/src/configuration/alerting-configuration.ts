import type { InhibitRule } from '../inhibition/inhibit-rule.ts';
import type { Route } from '../routing/route.ts';
import type { TimeInterval } from '../time-intervals/time-interval.ts';
import type { Receiver } from './receiver.ts';

/** What a tenant's alerts are led, held back and told by, ready to be applied. */
export interface AlertingConfiguration {
  /** The text it was read from, with every secret replaced. */
  readonly shown: string;
  /** What was read, but has no meaning here. */
  readonly warnings: readonly string[];
  /** How long a report counts that does not say when the alert ends. */
  readonly resolveTimeoutMs: number;
  readonly route: Route;
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly inhibitRules: readonly InhibitRule[];
  readonly timeIntervals: ReadonlyMap<string, readonly TimeInterval[]>;
}

/** Why a configuration cannot be used: one line for each thing that is wrong, with the place where it stands. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly { readonly path: string; readonly message: string }[];

  constructor(problems: readonly { path: string; message: string }[]) {
    super(problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n'));
    this.problems = problems;
  }
}

/** What is in force for a tenant that has written nothing: every channel that is switched on is told of every alert. */
export const defaultConfigurationText = `route:
  receiver: default
  group_by: [alertname]
receivers:
  - name: default
    channel_configs:
      - channel: '*'
`;
