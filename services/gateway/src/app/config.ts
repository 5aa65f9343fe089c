import { fileURLToPath } from 'node:url';
import { ConfigError, parseEnv } from '@signalbox/config';
import type { ServiceName } from '@signalbox/contracts';
import { IdentityKeys } from '@signalbox/identity';
import { VaultKeys } from '@signalbox/vault';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = z.coerce.number().int().min(0).max(3_600_000);
const count = z.coerce.number().int().min(1).max(1_000_000);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

/** `https://host[:port]`, as browsers write an origin and as upstreams are named: nothing before it and nothing after it. */
function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}

const Origin = z.string().refine(isOrigin, 'must be an origin, like http://127.0.0.1:8081, without a path');
/** One for each replica of a service. */
const Origins = list.pipe(z.array(Origin).min(1));
const CorsOrigins = list.pipe(
  z.array(
    z
      .string()
      .refine(
        (origin) => origin !== '*',
        'must name each origin: answers carry credentials, which * would give to any page',
      )
      .refine((origin) => origin === '*' || isOrigin(origin), 'must be origins, like https://app.example.com'),
  ),
);

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: port,
  ADMIN_PORT: port,
  DATABASE_URL: z.url(),
  REDIS_QUEUE_URL: z.url(),
  REDIS_CACHE_URL: z.url(),
  IDENTITY_KEYS: z.string().min(1),
  TOKEN_SIGNING_KEYS_FILE: z.string().min(1),
  TOKEN_ISSUER: z.url(),
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
  LIMITS_FILE: z.string().optional(),
  LIMITS_DEFAULT_REQUESTS_PER_MINUTE: count.optional(),
  GATEWAY_REPLICAS: count.default(1),
  CORS_ORIGINS: CorsOrigins.default([]),
  TRUST_PROXY_HOPS: z.coerce.number().int().min(0).max(10).default(0),
  ALLOWED_HOSTS: list.optional(),
  LEGACY_SUNSET: z.iso.date().default('2027-12-31'),
  CHAT_ROUTER_URL: Origins,
  CHAT_ROUTER_ADMIN_URL: Origins,
  MONITORING_INGEST_URL: Origins,
  MONITORING_INGEST_ADMIN_URL: Origins,
  ALERTING_URL: Origins,
  ALERTING_ADMIN_URL: Origins,
  RESEARCH_PIPELINE_URL: Origins,
  RESEARCH_PIPELINE_ADMIN_URL: Origins,
  IN_FLIGHT_MAX: count.default(2_000),
  LOOP_DELAY_MS_MAX: milliseconds.default(200),
  SHUTDOWN_GRACE_MS: milliseconds.default(15_000),
  SHUTDOWN_DELAY_MS: milliseconds.default(0),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** The settings of a gateway, in its own words. */
export interface GatewayConfig {
  host: string;
  port: number;
  adminPort: number;
  databaseUrl: string;
  redisQueueUrl: string;
  redisCacheUrl: string;
  identityKeys: IdentityKeys;
  tokenSigningKeysFile: string;
  tokenIssuer: string;
  /** What a new key is sealed with for those who repeat the request for it; null: it is shown once. */
  vaultKeys: VaultKeys | null;
  limitsFile: string;
  /** In place of the file's limit of the class `default`; null: the file's. */
  defaultRequestsPerMinute: number | null;
  replicas: number;
  corsOrigins: ReadonlySet<string>;
  trustedHops: number;
  /** Null: any. */
  allowedHosts: ReadonlySet<string> | null;
  legacySunset: Date;
  /** The addresses of each service's replicas. */
  upstreams: Readonly<Partial<Record<ServiceName, readonly string[]>>>;
  /** Where each replica tells how it is. */
  adminUrls: Readonly<Partial<Record<ServiceName, readonly string[]>>>;
  inFlightMax: number;
  loopDelayMsMax: number;
  shutdownGraceMs: number;
  shutdownDelayMs: number;
  logLevel: z.infer<typeof Environment>['LOG_LEVEL'];
}

/** Reads the environment. Throws `ConfigError` that names every bad variable at once and shows no value. */
export function readConfig(environment: NodeJS.ProcessEnv): GatewayConfig {
  const env = parseEnv(Environment, environment);
  const upstreams = {
    'chat-router': env.CHAT_ROUTER_URL,
    'monitoring-ingest': env.MONITORING_INGEST_URL,
    alerting: env.ALERTING_URL,
    'research-pipeline': env.RESEARCH_PIPELINE_URL,
  };
  return {
    host: env.HOST,
    port: env.PORT,
    adminPort: env.ADMIN_PORT,
    databaseUrl: env.DATABASE_URL,
    redisQueueUrl: env.REDIS_QUEUE_URL,
    redisCacheUrl: env.REDIS_CACHE_URL,
    identityKeys: readIdentityKeys(env.IDENTITY_KEYS, Object.keys(upstreams)),
    tokenSigningKeysFile: env.TOKEN_SIGNING_KEYS_FILE,
    tokenIssuer: env.TOKEN_ISSUER,
    vaultKeys: env.VAULT_KEYS ?? null,
    limitsFile: env.LIMITS_FILE ?? shippedLimitsFile(),
    defaultRequestsPerMinute: env.LIMITS_DEFAULT_REQUESTS_PER_MINUTE ?? null,
    replicas: env.GATEWAY_REPLICAS,
    corsOrigins: new Set(env.CORS_ORIGINS),
    trustedHops: env.TRUST_PROXY_HOPS,
    allowedHosts: env.ALLOWED_HOSTS === undefined ? null : new Set(env.ALLOWED_HOSTS.map((host) => host.toLowerCase())),
    legacySunset: new Date(`${env.LEGACY_SUNSET}T00:00:00Z`),
    upstreams,
    adminUrls: {
      'chat-router': env.CHAT_ROUTER_ADMIN_URL,
      'monitoring-ingest': env.MONITORING_INGEST_ADMIN_URL,
      alerting: env.ALERTING_ADMIN_URL,
      'research-pipeline': env.RESEARCH_PIPELINE_ADMIN_URL,
    },
    inFlightMax: env.IN_FLIGHT_MAX,
    loopDelayMsMax: env.LOOP_DELAY_MS_MAX,
    shutdownGraceMs: env.SHUTDOWN_GRACE_MS,
    shutdownDelayMs: env.SHUTDOWN_DELAY_MS,
    logLevel: env.LOG_LEVEL,
  };
}

/** Lies beside `src` and beside `dist/src` alike. */
function shippedLimitsFile(): string {
  const up = import.meta.url.includes('/dist/') ? '../../../limits.yaml' : '../../limits.yaml';
  return fileURLToPath(new URL(up, import.meta.url));
}

/** Keys for all that the gateway signs for: without one, every call of that service would fail. */
function readIdentityKeys(text: string, audiences: readonly string[]): IdentityKeys {
  try {
    const keys = IdentityKeys.parse(text);
    for (const audience of audiences)
      if (!keys.signsFor(audience)) throw new TypeError(`names no key for ${audience}: add ${audience}:kid:secret`);
    return keys;
  } catch (error) {
    throw new ConfigError('environment', [{ name: 'IDENTITY_KEYS', message: (error as Error).message }]);
  }
}
