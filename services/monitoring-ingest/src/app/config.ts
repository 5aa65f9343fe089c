import { parseEnv } from '@signalbox/config';
import { IdentityKeys } from '@signalbox/identity';
import type { LogLevel } from '@signalbox/telemetry';
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
  RAW_RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(7),
  MINUTE_RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
  HOUR_RETENTION_DAYS: z.coerce.number().int().min(31).max(3_650).default(365),
  INTAKE_PENDING_ROWS_MAX: z.coerce.number().int().min(1).max(10_000_000).default(100_000),
  INTAKE_PENDING_BYTES_MAX: z.coerce.number().int().min(1).max(2_147_483_647).default(67_108_864),
  SHUTDOWN_GRACE_MS: milliseconds.default(15_000),
  SHUTDOWN_DELAY_MS: milliseconds.default(0),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** The settings of monitoring-ingest, in its own words. */
export interface Config {
  host: string;
  port: number;
  adminPort: number;
  databaseUrl: string;
  redisQueueUrl: string;
  identityKeys: IdentityKeys;
  /** How long samples, points and spans are kept. */
  rawRetentionDays: number;
  /** How long rollups by minute and by hour are kept; those by day are kept for good. */
  minuteRetentionDays: number;
  hourRetentionDays: number;
  /** What may wait to be stored; above it senders are told to come again. */
  intakePendingRowsMax: number;
  intakePendingBytesMax: number;
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
    rawRetentionDays: settings.RAW_RETENTION_DAYS,
    minuteRetentionDays: settings.MINUTE_RETENTION_DAYS,
    hourRetentionDays: settings.HOUR_RETENTION_DAYS,
    intakePendingRowsMax: settings.INTAKE_PENDING_ROWS_MAX,
    intakePendingBytesMax: settings.INTAKE_PENDING_BYTES_MAX,
    shutdownGraceMs: settings.SHUTDOWN_GRACE_MS,
    shutdownDelayMs: settings.SHUTDOWN_DELAY_MS,
    logLevel: settings.LOG_LEVEL,
  };
}
