import type { HealthProbe } from '@signalbox/http';
import type { StartupParts } from '@signalbox/startup';
import type { TellChanges } from '../alerts/tell-changes.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import type { ChannelKinds } from '../channels/open-channel-kinds.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import type { EnrolAlerts } from '../notifications/enrol-alerts.ts';
import type { Config } from './config.ts';
import type { Schema } from './schema.ts';

/** What each domain of this service is connected with. */
export interface DomainDeps extends Omit<StartupParts<Schema>, 'nudgeRelay'> {
  config: Config;
  /** To be called after a commit: what it told, and what it made due, is looked at at once. */
  nudge: () => void;
  /** Has `wake` called whenever somebody nudges. */
  onNudge: (wake: () => void) => void;
  /** By what the alerts of each tenant are routed. */
  configurations: ConfigurationSource;
  /** Puts alerts into their groups; part of `tell`. */
  enrolAlerts: EnrolAlerts;
  /** Tells of every change of an alert, in the transaction that makes it. */
  tell: TellChanges;
  tellAudit: TellAudit;
  /** The ways of telling somebody. */
  kinds: ChannelKinds;
}

/** What health asks of a domain, by name. */
export type DomainProbes = Readonly<Record<string, HealthProbe>>;
