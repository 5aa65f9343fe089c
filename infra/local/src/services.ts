import { resolve } from 'node:path';

/** What a service may be told about the mesh that it is part of. */
export interface MeshFacts {
  /** Of its first replica. */
  urlOf: (service: string) => string;
  /** Of all of its replicas. */
  urlsOf: (service: string) => readonly string[];
  adminUrlsOf: (service: string) => readonly string[];
  signingKeysFile: string;
  /** 32 random bytes in base64url, made once and kept. */
  secret: (name: string) => string;
  gatewayReplicas: number;
  /** Where files lie that every replica must see. */
  filesFolder: string;
  chromaUrl: string | null;
}

/** One service of the mesh. What every service gets (stores, ports, keys) is not repeated here. */
export interface ServiceDefinition {
  /** Its folder in `services/`, the audience of its identity key, and (with `_`) its schema. */
  name: string;
  /** Services that it calls or enqueues for: it gets their identity keys, to sign with. */
  calls: readonly string[];
  environment: (facts: MeshFacts) => Record<string, string>;
  /** Settings that whoever starts the mesh may make. */
  settings: readonly string[];
  /** Of `settings`, those that name a file. A relative one is meant from where the command was called. */
  files: readonly string[];
  /** Further variables that pass through, told by their names. */
  passesThrough?: (name: string) => boolean;
}

/** Started from top to bottom, stopped from top to bottom: the gateway closes its doors before those behind it do. */
export const services: readonly ServiceDefinition[] = [
  {
    name: 'gateway',
    calls: ['chat-router', 'monitoring-ingest', 'alerting', 'research-pipeline'],
    environment: ({ secret, urlOf, urlsOf, adminUrlsOf, signingKeysFile, gatewayReplicas }) => ({
      TOKEN_SIGNING_KEYS_FILE: signingKeysFile,
      TOKEN_ISSUER: urlOf('gateway'),
      VAULT_KEYS: `1:${secret('gateway-vault')}`,
      GATEWAY_REPLICAS: String(gatewayReplicas),
      CHAT_ROUTER_URL: urlsOf('chat-router').join(','),
      CHAT_ROUTER_ADMIN_URL: adminUrlsOf('chat-router').join(','),
      MONITORING_INGEST_URL: urlsOf('monitoring-ingest').join(','),
      MONITORING_INGEST_ADMIN_URL: adminUrlsOf('monitoring-ingest').join(','),
      ALERTING_URL: urlsOf('alerting').join(','),
      ALERTING_ADMIN_URL: adminUrlsOf('alerting').join(','),
      RESEARCH_PIPELINE_URL: urlsOf('research-pipeline').join(','),
      RESEARCH_PIPELINE_ADMIN_URL: adminUrlsOf('research-pipeline').join(','),
    }),
    settings: [
      'TOKEN_ISSUER',
      'LIMITS_FILE',
      'LIMITS_DEFAULT_REQUESTS_PER_MINUTE',
      'CORS_ORIGINS',
      'TRUST_PROXY_HOPS',
      'ALLOWED_HOSTS',
      'LEGACY_SUNSET',
      'IN_FLIGHT_MAX',
      'LOOP_DELAY_MS_MAX',
    ],
    files: ['LIMITS_FILE'],
  },
  {
    name: 'chat-router',
    // It hands the gateway what belongs into the audit log, and monitoring what was used.
    calls: ['gateway', 'monitoring-ingest', 'alerting'],
    environment: ({ secret, chromaUrl }) => ({
      VAULT_KEYS: `1:${secret('vault')}`,
      ...(chromaUrl === null ? {} : { CHROMA_URL: chromaUrl }),
      // A model server on this machine is what a newcomer has, so that tenants here may connect to it.
      OUTBOUND_ALLOW: '127.0.0.0/8,::1/128',
    }),
    settings: ['PROVIDERS_FILE', 'OUTBOUND_ALLOW'],
    files: ['PROVIDERS_FILE'],
    // The names of providers' keys are chosen in the providers file, so the habit of the trade is the rule.
    passesThrough: (name) => name.endsWith('_API_KEY'),
  },
  {
    name: 'monitoring-ingest',
    // It wakes alerting when something was measured.
    calls: ['gateway', 'alerting'],
    environment: () => ({}),
    settings: ['RAW_RETENTION_DAYS', 'INTAKE_PENDING_ROWS_MAX', 'INTAKE_PENDING_BYTES_MAX'],
    files: [],
  },
  {
    name: 'alerting',
    // It reads what is measured, tells the router what is wrong, and hands the gateway what belongs into the audit log.
    calls: ['gateway', 'chat-router', 'monitoring-ingest'],
    environment: ({ secret, urlOf, adminUrlsOf }) => ({
      MONITORING_INGEST_URL: urlOf('monitoring-ingest'),
      WATCHED_SERVICES: ['gateway', 'chat-router', 'monitoring-ingest', 'research-pipeline']
        .flatMap((name) => adminUrlsOf(name).map((url, index) => `${replicaName(name, index)}=${url}`))
        .join(','),
      VAULT_KEYS: `1:${secret('alerting-vault')}`,
      // Whoever tries this out has the receivers on this machine.
      OUTBOUND_ALLOW: '127.0.0.0/8,::1/128',
      EXTERNAL_URL: urlOf('gateway'),
    }),
    settings: ['OUTBOUND_ALLOW', 'EXTERNAL_URL'],
    files: [],
  },
  {
    name: 'research-pipeline',
    // It asks models, tells alerting how jobs ended, and hands the gateway what belongs into the audit log.
    calls: ['gateway', 'chat-router', 'alerting'],
    environment: ({ urlOf, filesFolder, chromaUrl, secret }) => ({
      CHAT_ROUTER_URL: urlOf('chat-router'),
      STORAGE_FOLDER: filesFolder,
      ...(chromaUrl === null ? {} : { CHROMA_URL: chromaUrl }),
      VAULT_KEYS: `1:${secret('research-vault')}`,
    }),
    settings: [
      'RESEARCH_MODEL',
      'RESEARCH_EMBEDDING_MODEL',
      'RESEARCH_CONCURRENCY',
      'RESEARCH_RUNNING_PER_TENANT_MAX',
      'RESEARCH_QUEUED_PER_TENANT_MAX',
      'RESEARCH_LEASE_MS',
      'REPORT_KEPT_FOR_DAYS',
      'OUTBOUND_ALLOW',
      'FETCH_USER_AGENT',
      'FETCH_HOST_SPACING_MS',
      'GOOGLE_CSE_KEY',
      'GOOGLE_CSE_ENGINE_ID',
      'GOOGLE_CSE_URL',
      'BRAVE_SEARCH_KEY',
      'BRAVE_SEARCH_URL',
      'BRAVE_SEARCH_SPACING_MS',
      'TAVILY_KEY',
      'TAVILY_URL',
      'SEARXNG_URL',
      'ARXIV_URL',
      'ARXIV_SPACING_MS',
      'WIKIPEDIA_URL',
      'GITHUB_API_URL',
      'GITHUB_TOKEN',
      'SEARCH_FIXTURE_FILE',
      'STORAGE_FOLDER',
      'S3_ENDPOINT',
      'S3_REGION',
      'S3_BUCKET',
      'S3_ACCESS_KEY_ID',
      'S3_SECRET_ACCESS_KEY',
      'S3_SESSION_TOKEN',
      'S3_ENCRYPTION',
    ],
    files: ['SEARCH_FIXTURE_FILE', 'STORAGE_FOLDER'],
  },
];

function replicaName(service: string, index: number): string {
  return index === 0 ? service : `${service}-${String(index + 1)}`;
}

/** Settings of every service. */
const commonSettings = ['LOG_LEVEL', 'SHUTDOWN_GRACE_MS', 'SHUTDOWN_DELAY_MS', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

/** The part of `environment` that is meant for this service. */
export function settingsFor(
  service: ServiceDefinition,
  environment: NodeJS.ProcessEnv,
  relativeTo: string,
): Record<string, string> {
  const names = [
    ...commonSettings,
    ...service.settings,
    ...Object.keys(environment).filter((name) => service.passesThrough?.(name) === true),
  ];
  return Object.fromEntries(
    Object.entries(pick(environment, names)).map(([name, value]) => [
      name,
      service.files.includes(name) ? resolve(relativeTo, value) : value,
    ]),
  );
}

/** What any program needs to run here and to reach the world. Secrets of the caller's shell are not among it. */
export function systemSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  return pick(environment, [
    'PATH',
    'HOME',
    'TMPDIR',
    'LANG',
    'TZ',
    'NODE_COMPILE_CACHE',
    'NODE_EXTRA_CA_CERTS',
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
  ]);
}

function pick(environment: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name] ?? '';
      return value === '' ? [] : [[name, value]];
    }),
  );
}

export function schemaOf(service: ServiceDefinition): string {
  return service.name.replaceAll('-', '_');
}
