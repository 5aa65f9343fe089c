import { parseEnv } from '@signalbox/config';
import { IdentityKeys } from '@signalbox/identity';
import { guardedConnector } from '@signalbox/outbound';
import type { StorageSettings } from '@signalbox/storage';
import type { LogLevel } from '@signalbox/telemetry';
import { VaultKeys } from '@signalbox/vault';
import { z } from 'zod';
import { storageOf, storageVariables } from './storage-settings.ts';
import { searchEnvironment, searchSettingsOf, type SearchSettings } from '../search/search-settings.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = z.coerce.number().int().min(0).max(3_600_000);

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: port,
  ADMIN_PORT: port,
  DATABASE_URL: z.url(),
  REDIS_QUEUE_URL: z.url(),
  REDIS_CACHE_URL: z.url().optional(),
  IDENTITY_KEYS: z.string().transform((text, context) => {
    try {
      return IdentityKeys.parse(text);
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : 'cannot be read');
      return z.NEVER;
    }
  }),
  VAULT_KEYS: z
    .string()
    .transform((text, context) => {
      try {
        return VaultKeys.parse(text);
      } catch (error) {
        context.addIssue(error instanceof Error ? error.message : 'cannot be read');
        return z.NEVER;
      }
    })
    .optional(),
  OUTBOUND_ALLOW: z
    .string()
    .default('')
    .transform((text, context) => {
      const allow = text.split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()]));
      try {
        guardedConnector({ allow, connectTimeoutMs: 1 });
        return allow;
      } catch {
        context.addIssue('lists host:port and CIDRs');
        return z.NEVER;
      }
    }),
  FETCH_USER_AGENT: z
    .string()
    .regex(/^[A-Za-z_-]+(?:\/[\x20-\x7e]*)?$/, 'begins with a product, as in SignalboxResearch/1.0')
    .default('SignalboxResearch/1.0'),
  FETCH_HOST_SPACING_MS: milliseconds.default(1_000),
  ...searchEnvironment,
  CHAT_ROUTER_URL: z.url({ protocol: /^https?$/ }),
  CHROMA_URL: z.url({ protocol: /^https?$/ }).optional(),
  RESEARCH_MODEL: z.string().min(1).max(200).optional(),
  RESEARCH_EMBEDDING_MODEL: z.string().min(1).max(200).optional(),
  RESEARCH_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(4),
  RESEARCH_RUNNING_PER_TENANT_MAX: z.coerce.number().int().min(1).max(1_000).default(4),
  RESEARCH_QUEUED_PER_TENANT_MAX: z.coerce.number().int().min(1).max(1_000_000).default(200),
  RESEARCH_LEASE_MS: z.coerce.number().int().min(1_000).max(600_000).default(8_000),
  REPORT_KEPT_FOR_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
  ...storageVariables,
  SHUTDOWN_GRACE_MS: milliseconds.default(15_000),
  SHUTDOWN_DELAY_MS: milliseconds.default(0),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export interface JobSettings {
  /** Jobs at once, of one process. */
  concurrency: number;
  /** Jobs of one tenant at work, of all processes together; and those that may wait. */
  runningPerTenantMax: number;
  queuedPerTenantMax: number;
  /** How long a worker may be silent before another one takes its job. */
  leaseMs: number;
  reportKeptForDays: number;
}

/** The settings of research-pipeline, in its own words. */
export interface Config {
  host: string;
  port: number;
  adminPort: number;
  databaseUrl: string;
  redisQueueUrl: string;
  /** For what may be lost: what was found and embedded before. */
  redisCacheUrl: string;
  identityKeys: IdentityKeys;
  /** What tenants' secrets are kept under; null: they cannot give any. */
  vaultKeys: VaultKeys | null;
  /** What may be reached besides the public internet: `host:port`, or a CIDR. */
  outboundAllow: readonly string[];
  /** Who we say we are, and how long we leave a host alone between two requests. */
  fetching: { userAgent: string; hostSpacingMs: number };
  search: SearchSettings;
  chatRouterUrl: string;
  /** Null: passages are ranked by their words alone. */
  chromaUrl: string | null;
  /** Who writes and who embeds, where a request does not say. Null: sentences are quoted; the embedder goes by words. */
  models: { writing: string | null; embedding: string | null };
  jobs: JobSettings;
  storage: StorageSettings;
  shutdownGraceMs: number;
  shutdownDelayMs: number;
  logLevel: LogLevel;
}

/** Reads the settings. Throws `ConfigError`, which names what is wrong and prints no value. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const settings = parseEnv(Environment, env);
  return {
    host: settings.HOST,
    port: settings.PORT,
    adminPort: settings.ADMIN_PORT,
    databaseUrl: settings.DATABASE_URL,
    redisQueueUrl: settings.REDIS_QUEUE_URL,
    redisCacheUrl: settings.REDIS_CACHE_URL ?? settings.REDIS_QUEUE_URL,
    identityKeys: settings.IDENTITY_KEYS,
    vaultKeys: settings.VAULT_KEYS ?? null,
    outboundAllow: settings.OUTBOUND_ALLOW,
    fetching: { userAgent: settings.FETCH_USER_AGENT, hostSpacingMs: settings.FETCH_HOST_SPACING_MS },
    search: searchSettingsOf(settings),
    chatRouterUrl: settings.CHAT_ROUTER_URL,
    chromaUrl: settings.CHROMA_URL ?? null,
    models: { writing: settings.RESEARCH_MODEL ?? null, embedding: settings.RESEARCH_EMBEDDING_MODEL ?? null },
    jobs: {
      concurrency: settings.RESEARCH_CONCURRENCY,
      runningPerTenantMax: settings.RESEARCH_RUNNING_PER_TENANT_MAX,
      queuedPerTenantMax: settings.RESEARCH_QUEUED_PER_TENANT_MAX,
      leaseMs: settings.RESEARCH_LEASE_MS,
      reportKeptForDays: settings.REPORT_KEPT_FOR_DAYS,
    },
    storage: storageOf(settings),
    shutdownGraceMs: settings.SHUTDOWN_GRACE_MS,
    shutdownDelayMs: settings.SHUTDOWN_DELAY_MS,
    logLevel: settings.LOG_LEVEL,
  };
}
