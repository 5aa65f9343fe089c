import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceDefinition } from '../src/services.ts';

const main = `
import { createServer } from 'node:http';
if (process.env.FAKE === 'dies') { console.log('I cannot live like this'); process.exit(3); }
if (process.env.FAKE === 'refuses') { console.log(JSON.stringify({ event: 'process.start_failed', error: { message: 'environment: COLOUR: is required' } })); console.log('{}'); process.exit(1); }
const listen = (port, answer) => createServer((request, response) => answer(request, response)).listen(Number(port), process.env.HOST);
listen(process.env.PORT, (request, response) => response.end(JSON.stringify(process.env)));
listen(process.env.ADMIN_PORT, (request, response) => { response.statusCode = process.env.FAKE === 'sick' ? 503 : 200; response.end('{}'); });
console.log('listening');
process.on('SIGTERM', () => { if (process.env.FAKE !== 'deaf') { console.log('bye'); process.exit(0); } });
`;
const migrate = `
import { writeFileSync } from 'node:fs';
if (process.env.FAKE === 'does not migrate') { console.error('0002-broken failed'); process.exit(1); }
writeFileSync('migrated-as', new URL(process.env.MIGRATION_DATABASE_URL).username);
`;
const createAdmin = `
import { existsSync, writeFileSync } from 'node:fs';
if (!existsSync('admin')) { writeFileSync('admin', ''); console.log('sbx_fake_key'); }
`;

export interface FakeMesh extends AsyncDisposable {
  servicesFolder: string;
  services: readonly ServiceDefinition[];
}

/** Two tiny programs that behave like a gateway and a service behind it; `FAKE` makes them misbehave. */
export async function writeFakeMesh(): Promise<FakeMesh> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-fake-'));
  const register = join(folder, 'node_modules/@signalbox/telemetry');
  await mkdir(register, { recursive: true });
  await writeFile(join(register, 'package.json'), '{ "exports": { "./register": "./register.mjs" } }');
  await writeFile(join(register, 'register.mjs'), '');
  for (const name of ['gateway', 'worker']) {
    const source = join(folder, 'services', name, 'src');
    await mkdir(source, { recursive: true });
    await writeFile(join(source, '..', 'package.json'), '{ "type": "module" }');
    await writeFile(join(source, 'main.ts'), main);
    await writeFile(join(source, 'migrate.ts'), migrate);
    await writeFile(join(source, 'create-admin.ts'), createAdmin);
  }
  return {
    servicesFolder: join(folder, 'services'),
    services: [
      {
        name: 'gateway',
        calls: ['worker'],
        environment: ({ urlOf, urlsOf }) => ({ WORKER_URL: urlOf('worker'), WORKER_URLS: urlsOf('worker').join(',') }),
        settings: ['LIMITS_FILE'],
        files: ['LIMITS_FILE'],
      },
      {
        name: 'worker',
        calls: [],
        environment: () => ({}),
        settings: [],
        files: [],
        passesThrough: (name) => name.endsWith('_API_KEY'),
      },
    ],
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
