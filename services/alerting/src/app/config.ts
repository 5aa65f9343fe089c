import { parseEnv } from '@signalbox/config';
import { IdentityKeys } from '@signalbox/identity';
import { guardedConnector } from '@signalbox/outbound';
import type { LogLevel } from '@signalbox/telemetry';
import { VaultKeys } from '@signalbox/vault';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = z.coerce.number().int().min(0).max(3_600_000);

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: port,
  ADMIN_PORT: port,
  DATABASE_URL: z.url(),
  REDIS_QUEUE_URL: z.url(),
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
  ALERT_RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(90),
  EXTERNAL_URL: z.url({ protocol: /^https?$/ }).default('http://localhost'),
  MONITORING_INGEST_URL: z.url({ protocol: /^https?$/ }),
  WATCHED_SERVICES: z
    .string()
    .regex(/^(?:[a-z][a-z0-9-]*=https?:\/\/[^,\s]+(?:,(?=[a-z])|$))*$/)
    .default(''),
  SHUTDOWN_GRACE_MS: milliseconds.default(15_000),
  SHUTDOWN_DELAY_MS: milliseconds.default(0),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** The settings of alerting, in its own words. */
export interface Config {
  host: string;
  port: number;
  adminPort: number;
  databaseUrl: string;
  redisQueueUrl: string;
  identityKeys: IdentityKeys;
  /** What tenants' secrets are kept under; null: they cannot give any, and so no channels. */
  vaultKeys: VaultKeys | null;
  /** What messages may be sent to besides the public internet: `host:port`, or a CIDR. */
  outboundAllow: readonly string[];
  /** How long alerts that have ended are kept, with their history. */
  alertRetentionDays: number;
  /** Where those who are told find the mesh. */
  externalUrl: string;
  /** Where what is measured can be read. */
  monitoringUrl: string;
  /** Of whom is told how they are: names, and where their health can be asked. */
  watchedServices: readonly { name: string; adminUrl: string }[];
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
    identityKeys: settings.IDENTITY_KEYS,
    vaultKeys: settings.VAULT_KEYS ?? null,
    outboundAllow: settings.OUTBOUND_ALLOW,
    alertRetentionDays: settings.ALERT_RETENTION_DAYS,
    externalUrl: settings.EXTERNAL_URL.replace(/\/+$/, ''),
    monitoringUrl: settings.MONITORING_INGEST_URL,
    watchedServices: settings.WATCHED_SERVICES.split(',').flatMap((entry) => {
      const [name = '', adminUrl] = entry.split(/=(.*)/s);
      return adminUrl === undefined ? [] : [{ name, adminUrl }];
    }),
    shutdownGraceMs: settings.SHUTDOWN_GRACE_MS,
    shutdownDelayMs: settings.SHUTDOWN_DELAY_MS,
    logLevel: settings.LOG_LEVEL,
  };
}
