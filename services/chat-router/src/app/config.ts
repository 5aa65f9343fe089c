import { openConfigFile, parseEnv, readVariable } from '@signalbox/config';
import type { RoutingProfile } from '@signalbox/contracts';
import { IdentityKeys } from '@signalbox/identity';
import { guardedConnector } from '@signalbox/outbound';
import type { LogLevel } from '@signalbox/telemetry';
import { VaultKeys } from '@signalbox/vault';
import { z } from 'zod';
import type { SemanticCacheSettings } from '../cache/semantic-settings.ts';
import { ProvidersFile, type ProviderSettings } from '../providers/provider-settings.ts';
import { ResilienceSettings } from '../resilience/resilience-settings.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = z.coerce.number().int().min(0).max(3_600_000);

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: port,
  ADMIN_PORT: port,
  DATABASE_URL: z.url(),
  REDIS_QUEUE_URL: z.url(),
  REDIS_CACHE_URL: z.url().optional(),
  REDIS_TIMEOUT_MS: z.coerce.number().int().min(1).max(60_000).default(50),
  IDENTITY_KEYS: z.string().transform((text, context) => {
    try {
      return IdentityKeys.parse(text);
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : 'cannot be read');
      return z.NEVER;
    }
  }),
  CHROMA_URL: z.url({ protocol: /^https?$/ }).optional(),
  PROVIDERS_FILE: z.string().optional(),
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
  CLIENT_STALLED_MS_MAX: milliseconds.default(60_000),
  SHUTDOWN_GRACE_MS: milliseconds.default(15_000),
  SHUTDOWN_DELAY_MS: milliseconds.default(0),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** A provider together with its key; null where its environment variable has no value. */
export interface ConfiguredProvider {
  settings: ProviderSettings;
  apiKey: string | null;
}

/** The settings of a chat-router, in its own words. */
export interface Config {
  host: string;
  port: number;
  adminPort: number;
  databaseUrl: string;
  redisQueueUrl: string;
  /** For what may be lost: breakers, cached answers. */
  redisCacheUrl: string;
  /** How long a request waits for Redis, which then counts as away. */
  redisTimeoutMs: number;
  identityKeys: IdentityKeys;
  /** For the index of the semantic cache; null: there is none. */
  chromaUrl: string | null;
  /** Null: no answer is found by what its question means. */
  semanticCache: SemanticCacheSettings | null;
  /** Besides the built-in one. */
  providers: readonly ConfiguredProvider[];
  aliases: Readonly<Record<string, RoutingProfile>>;
  resilience: ResilienceSettings;
  /** What tenants' keys are kept under; null: tenants cannot give any. */
  vaultKeys: VaultKeys | null;
  /** What connections, tools and documents may lead to besides the public internet: `host:port`, or a CIDR. */
  outboundAllow: readonly string[];
  clientStalledMsMax: number;
  shutdownGraceMs: number;
  shutdownDelayMs: number;
  logLevel: LogLevel;
}

/** Reads the settings and the file of providers. Throws `ConfigError`, which names what is wrong and prints no value. */
export async function readConfig(env: NodeJS.ProcessEnv): Promise<Config> {
  const settings = parseEnv(Environment, env);
  return {
    host: settings.HOST,
    port: settings.PORT,
    adminPort: settings.ADMIN_PORT,
    databaseUrl: settings.DATABASE_URL,
    redisQueueUrl: settings.REDIS_QUEUE_URL,
    redisCacheUrl: settings.REDIS_CACHE_URL ?? settings.REDIS_QUEUE_URL,
    redisTimeoutMs: settings.REDIS_TIMEOUT_MS,
    identityKeys: settings.IDENTITY_KEYS,
    chromaUrl: settings.CHROMA_URL ?? null,
    ...(await readProviders(settings.PROVIDERS_FILE, env)),
    vaultKeys: settings.VAULT_KEYS ?? null,
    outboundAllow: settings.OUTBOUND_ALLOW,
    clientStalledMsMax: settings.CLIENT_STALLED_MS_MAX,
    shutdownGraceMs: settings.SHUTDOWN_GRACE_MS,
    shutdownDelayMs: settings.SHUTDOWN_DELAY_MS,
    logLevel: settings.LOG_LEVEL,
  };
}

async function readProviders(
  path: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Pick<Config, 'providers' | 'aliases' | 'resilience' | 'semanticCache'>> {
  if (path === undefined) {
    return { providers: [], aliases: {}, resilience: ResilienceSettings.parse({}), semanticCache: null };
  }
  await using file = await openConfigFile(path, ProvidersFile);
  const { providers, aliases, resilience, semantic_cache: semanticCache } = file.current();
  return {
    providers: providers.map((settings) => ({
      settings,
      apiKey: settings.api_key_env === undefined ? null : (readVariable(env, settings.api_key_env) ?? null),
    })),
    aliases,
    resilience,
    semanticCache,
  };
}
