import type { HealthProbe, Routes } from '@signalbox/http';
import type { Database } from '@signalbox/postgres';
import type { Emitter, WorkerOptions } from '@signalbox/queue';
import type { Storage } from '@signalbox/storage';
import type { Logger, Metrics } from '@signalbox/telemetry';
import type { ResearchCache } from '../cache/open-cache.ts';
import type { Config } from './config.ts';
import type { Schema } from './schema.ts';

/** What each domain of this service is connected with. */
export interface DomainDeps {
  config: Config;
  routes: Routes;
  database: Database<Schema>;
  emitter: Emitter;
  /** To be called after a commit that emitted something. */
  nudgeRelay: () => void;
  /** Where files are kept. */
  storage: Storage;
  /** What was found, embedded and matched before. */
  cache: ResearchCache;
  /** What every worker needs besides its job and its handler. */
  working: Pick<WorkerOptions<never>, 'redisUrl' | 'identityKeys' | 'deadLetters' | 'logger' | 'metrics' | 'prefix'>;
  logger: Logger;
  metrics: Metrics;
}

/** What health asks of a domain, by name. */
export type DomainProbes = Readonly<Record<string, HealthProbe>>;
