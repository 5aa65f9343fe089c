import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase, waitFor } from '@signalbox/test-kit';
import { readFlags } from '../src/alertmanager/read-flags.ts';
import { startAlertmanager } from '../src/app/alertmanager-app.ts';

/** Debian has both (`prometheus-alertmanager`, `prometheus`); where one is missing its tests say that they are skipped. */
function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const configuration = `
route: { receiver: default, group_by: [alertname], routes: [{ matchers: ['severity="critical"'], receiver: pager }] }
receivers: [{ name: default }, { name: pager }]
`;

const owned = new AsyncDisposableStack();
let folder: string;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'real-clients-'));
  const { superuserUrl } = owned.use(await createTestDatabase({ service: 'alerting', migrations: {} }));
  const file = join(folder, 'alertmanager.yml');
  await writeFile(file, configuration);
  const reading = readFlags(['--config.file', file, '--web.listen-address', '127.0.0.1:0']);
  if (reading.kind !== 'run') throw new Error(JSON.stringify(reading));
  const logger = createLogger({ service: 'alertmanager', level: 'error' });
  ({ url } = await startAlertmanager({ flags: reading.flags, databaseUrl: superuserUrl, logger, owned }));
});
afterAll(async () => {
  await owned.disposeAsync();
  await rm(folder, { recursive: true });
});

const alerts = async (): Promise<Record<string, unknown>[]> =>
  (await (await fetch(`${url}/api/v2/alerts`)).json()) as Record<string, unknown>[];

(isThere('amtool') ? describe : describe.skip)('amtool, as Debian has it (MX-13)', () => {
  const amtool = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('amtool', [`--alertmanager.url=${url}`, ...args]);
    return stdout.trim();
  };

  it('adds alerts, and finds them again', async () => {
    await amtool(
      'alert',
      'add',
      'alertname=LatencyHigh',
      'model=m1',
      'severity=critical',
      '--annotation=summary=p95 high',
    );
    await amtool('alert', 'add', 'foo', 'node=bar');
    expect(await amtool('alert', 'query')).toMatch(/LatencyHigh[^]*foo|foo[^]*LatencyHigh/);
    const found = JSON.parse(await amtool('alert', 'query', 'alertname=~"Lat.*"', '-o', 'json')) as unknown[];
    expect(found).toMatchObject([
      { labels: { model: 'm1' }, annotations: { summary: 'p95 high' }, receivers: [{ name: 'pager' }] },
    ]);
  });

  it('adds, changes, lists, exports and ends silences', async () => {
    const id = await amtool(
      'silence',
      'add',
      'alertname=LatencyHigh',
      'model=~m.*',
      'team!=x',
      '-d',
      '1h',
      '-c',
      'maintenance',
      '-a',
      'alice',
    );
    expect(await amtool('silence', 'query', '-q')).toBe(id);
    expect(await amtool('alert', 'query')).not.toContain('LatencyHigh');
    expect(await amtool('alert', 'query', '--silenced')).toContain('LatencyHigh');
    expect(await amtool('silence', 'update', id, '-d', '2h', '-c', 'longer')).toContain('longer');
    expect(await amtool('silence', 'query', '-q')).toBe(id);
    const exported = join(folder, 'silences.json');
    await writeFile(exported, await amtool('silence', 'query', '-o', 'json'));
    await amtool('silence', 'expire', id);
    expect(await amtool('silence', 'query', '-q')).toBe('');
    expect(await amtool('silence', 'query', '--expired', '-q')).toBe(id);
    await amtool('silence', 'import', exported);
    expect(await amtool('silence', 'query', '-q')).not.toBe('');
    await expect(amtool('silence', 'expire', '00000000-0000-0000-0000-000000000000')).rejects.toThrow();
  });

  it('reads the configuration, and routes by it', async () => {
    expect(await amtool('config', 'show')).toContain('receiver: default');
    expect(await amtool('config', 'routes', 'show')).toContain('severity="critical"');
    expect(await amtool('config', 'routes', 'test', 'severity=critical')).toBe('pager');
    expect(await amtool('config', 'routes', 'test', 'severity=low')).toBe('default');
    expect(await amtool('cluster', 'show')).toContain('ready');
  });
});

(isThere('prometheus') ? describe : describe.skip)('Prometheus, as Debian has it (MX-13, MX-14)', () => {
  it('sends its alerts, and they end when it sends them no more', async () => {
    const port = await freePort();
    const home = join(folder, 'prometheus');
    await mkdir(home);
    await writeFile(
      join(home, 'rules.yml'),
      'groups: [{ name: g, interval: 1s, rules: [{ alert: AlwaysOn, expr: vector(1), labels: { severity: critical }, annotations: { value: "{{ $value }}" } }] }]\n',
    );
    await writeFile(
      join(home, 'prometheus.yml'),
      `global: { evaluation_interval: 1s, external_labels: { cluster: lab } }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ scheme: http, static_configs: [{ targets: ['${new URL(url).host}'] }], api_version: v2 }] }
`,
    );
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(home, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(home, 'data')}`,
        `--web.listen-address=127.0.0.1:${String(port)}`,
        '--rules.alert.resend-delay=1s',
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    try {
      const sent = await waitFor(
        async () =>
          (await alerts()).find(({ labels }) => (labels as Record<string, string>)['alertname'] === 'AlwaysOn'),
        { timeoutMs: 60_000, what: 'an alert of Prometheus' },
      );
      expect(sent).toMatchObject({
        labels: { alertname: 'AlwaysOn', cluster: 'lab', severity: 'critical' },
        annotations: { value: '1' },
        receivers: [{ name: 'pager' }],
        status: { state: 'active' },
      });
      expect(String(sent['generatorURL'])).toContain('g0.expr=');
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    // It said until when its word counts: four seconds more.
    const gone = async (): Promise<boolean> =>
      !(await alerts()).some(({ labels }) => (labels as Record<string, string>)['alertname'] === 'AlwaysOn');
    expect(await waitFor(gone, { timeoutMs: 60_000, what: 'the end of the alert' })).toBe(true);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
