import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { askWellness, rollOut, type Kubectl } from './roll-out.ts';

const root = join(import.meta.dirname, '../../../..');
const namespace = 'signalbox';

const kubectl: Kubectl = (args, input) =>
  new Promise((resolve, reject) => {
    const child = spawn('kubectl', ['--namespace', namespace, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else
        reject(
          new Error(
            `kubectl ${args.join(' ')}: ${Buffer.concat(err).toString().trim() || `ended with ${String(code)}`}`,
          ),
        );
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });

const { values } = parseArgs({
  options: {
    service: { type: 'string' },
    environment: { type: 'string' },
    digest: { type: 'string' },
    'healthy-for': { type: 'string', default: '300' },
  },
});
const { service, environment, digest, 'healthy-for': healthyForS } = values;
if (service === undefined || environment === undefined || digest === undefined || !/^\d+$/.test(healthyForS)) {
  console.error('roll-out --service NAME --environment staging|production --digest sha256:… [--healthy-for SECONDS]');
  process.exitCode = 2;
} else {
  const paths = (await readdir(join(root, 'k8s'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.map(async (path) => ({ path: path.slice(root.length + 1), text: await readFile(path, 'utf8') })),
  );
  const prometheusUrl = process.env['PROMETHEUS_URL'] ?? '';
  const outcome = await rollOut(
    {
      ...{ files, kubectl, now: Date.now, tell: console.log },
      unwell: askWellness(kubectl, prometheusUrl === '' ? null : prometheusUrl),
      sleep: async (ms) => {
        await sleep(ms);
      },
    },
    { service, environment, digest, healthyForMs: Number(healthyForS) * 1_000 },
  );
  console.log(outcome.kind === 'done' ? 'done' : `${outcome.kind}: ${outcome.reason}`);
  process.exitCode = outcome.kind === 'done' ? 0 : 1;
}
