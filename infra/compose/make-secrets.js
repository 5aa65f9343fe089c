/**
 * Makes what docker-compose.yml needs and no repository may hold: passwords, keys and the addresses that contain them, as
 * files under `.signalbox/compose`. A file that exists is left alone, so a second run changes nothing; delete the folder
 * (and the volumes) to begin anew. Runs on Node 20 and later, without dependencies: `node infra/compose/make-secrets.js`.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../.signalbox/compose', import.meta.url));
const services = ['gateway', 'chat-router', 'monitoring-ingest', 'alerting', 'research-pipeline'];
/** Whom each enqueues for, besides the gateway's audit log. */
const enqueuesFor = {
  'chat-router': ['monitoring-ingest', 'alerting'],
  'monitoring-ingest': ['alerting'],
  alerting: ['chat-router', 'monitoring-ingest'],
  'research-pipeline': ['chat-router', 'alerting'],
};

const secret = () => randomBytes(32).toString('base64url');
const schemaOf = (service) => service.replaceAll('-', '_');

/** Keeps what an earlier run made: the passwords stand in the databases by now. */
function keep(name, make, mode = 0o444) {
  const path = join(folder, name);
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const text = make();
  writeFileSync(path, text);
  // Compose mounts the file with its mode, and the containers run as users of their own; the folder keeps others out.
  chmodSync(path, mode);
  return text;
}

function makeSigningKeys() {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = {
    ...privateKey.export({ format: 'jwk' }),
    kid: randomBytes(8).toString('hex'),
    alg: 'EdDSA',
    use: 'sig',
  };
  return JSON.stringify({ keys: [key] });
}

mkdirSync(folder, { recursive: true });
chmodSync(folder, 0o700);

const postgresPassword = keep('postgres_password', secret);
for (const service of services) {
  const schema = schemaOf(service);
  const owner = keep(`${schema}_owner_password`, secret);
  const app = keep(`${schema}_app_password`, secret);
  keep(`${schema}_migration_database_url`, () => `postgres://${schema}_owner:${owner}@postgres:5432/signalbox`);
  keep(`${schema}_database_url`, () => `postgres://${schema}_app:${app}@postgres:5432/signalbox`);
}
for (const use of ['queue', 'cache']) {
  const password = keep(`redis_${use}_password`, secret);
  keep(`redis_${use}.conf`, () => `requirepass ${password}\n`);
  keep(`redis_${use}_url`, () => `redis://:${password}@redis-${use}:6379`);
}
// Each service holds the key it is called with; the gateway holds all, for it calls all, and all hold the gateway's, to
// sign what they hand to its audit log, and the keys of those they enqueue for.
const keys = services.map((service) => ({ service, key: keep(`${schemaOf(service)}_identity_key`, secret) }));
for (const { service } of keys) {
  const callees = [service, 'gateway', ...(enqueuesFor[service] ?? [])];
  const held = keys.filter((one) => service === 'gateway' || callees.includes(one.service));
  keep(`${schemaOf(service)}_identity_keys`, () => held.map((one) => `${one.service}:first:${one.key}`).join(','));
}
keep('token_signing_keys.json', makeSigningKeys);
keep('gateway_vault_keys', () => `first:${secret()}`);
keep('vault_keys', () => `first:${secret()}`);
keep('alerting_vault_keys', () => `first:${secret()}`);
keep('research_pipeline_vault_keys', () => `first:${secret()}`);
keep('grafana_password', secret);
keep('backup_keys', () => `first:${secret()}`);
keep('backup_database_url', () => `postgres://postgres:${postgresPassword}@postgres:5432/signalbox`);
mkdirSync(join(folder, '../backups'), { recursive: true });
// The container that writes copies has a user of its own.
chmodSync(join(folder, '../backups'), 0o777);
// Places to write in: an API key with the scope alerts:write, by which Prometheus tells our alerting; the providers that chat-router asks, and the key of one of them.
keep('providers.yaml', () => '# Model providers; see services/chat-router/README.md.\nproviders: []\n', 0o644);
keep('openai_api_key', () => '', 0o644);
keep('prometheus_api_key', () => '', 0o644);

console.log(`The secrets of docker-compose.yml are in ${folder}`);
