import type { HealthProbe } from '@signalbox/http';
import type { StartupParts } from '@signalbox/startup';
import type { Config } from './config.ts';
import type { Schema } from './schema.ts';

/** What each domain of this service is connected with. */
export interface DomainDeps extends StartupParts<Schema> {
  config: Config;
}

/** What health asks of a domain, by name. */
export type DomainProbes = Readonly<Record<string, HealthProbe>>;
