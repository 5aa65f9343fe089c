import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { buildOverlay } from './manifests/build-overlay.ts';
import { settingsOf } from './manifests/facts.ts';
import { ofKind } from './manifests/manifest.ts';

const root = join(import.meta.dirname, '../../..');
const made = join(root, '.signalbox/compose');
const namespace = 'signalbox';

/** Prints, for k8s/overlays/local, the secrets that `infra/compose/make-secrets.js` made: pipe it into `kubectl apply -f -`. */
function print(name: string, data: Record<string, string>): void {
  const stringData = Object.fromEntries(
    Object.entries(data).map(([key, file]) => [key, readFileSync(join(made, file), 'utf8')]),
  );
  console.log(`---\n${stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData })}`);
}

/** Where Compose keeps what a service reads as `/run/secrets/signalbox/KEY`. */
function fileOf(service: string, key: string): string {
  const schema = service.replaceAll('-', '_');
  const name = key.replaceAll('-', '_');
  if (['database_url', 'identity_keys'].includes(name)) return `${schema}_${name}`;
  if (name === 'vault_keys' && service !== 'chat-router') return `${schema}_vault_keys`;
  return name;
}

const files = readdirSync(join(root, 'k8s'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path: path.slice(root.length + 1), text: readFileSync(path, 'utf8') }));
const manifests = buildOverlay(files, 'k8s/overlays/local');
const overlay = { name: 'local', isOperated: false, manifests };
const services = ofKind(manifests, 'Deployment').map(({ metadata }) => metadata.name);

for (const service of services) {
  const keys = Object.values(settingsOf(overlay, service)).flatMap(
    (value) => /^\/run\/secrets\/signalbox\/(.*)$/.exec(value)?.[1] ?? [],
  );
  print(`${service}-secrets`, Object.fromEntries(keys.map((key) => [key, fileOf(service, key)])));
  const migration = `${service.replaceAll('-', '_')}_migration_database_url`;
  print(`${service}-migration-secrets`, { 'migration-database-url': migration });
}
const passwords = services.flatMap((service) =>
  ['owner', 'app'].map((role) => `${service.replaceAll('-', '_')}_${role}_password`),
);
print('postgres-rooms', Object.fromEntries(passwords.map((name) => [name, name])));
print('postgres-superuser', { password: 'postgres_password' });
for (const use of ['queue', 'cache']) print(`redis-${use}-secrets`, { 'redis.conf': `redis_${use}.conf` });
