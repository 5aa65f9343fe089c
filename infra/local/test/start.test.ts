import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort, freePorts } from '@signalbox/local';
import type { RunFile } from '../src/run-file.ts';
import { until } from '../src/until.ts';
import { goneOf, isThere } from './processes.ts';

const checkout = resolve(import.meta.dirname, '../../..');
const tools = join(resolve(process.env['SIGNALBOX_HOME'] ?? join(checkout, '.signalbox')), 'tools');
const startTimeoutMs = 180_000;
/** The environment as a newcomer's: what leads to programs and the network, and nothing about stores or services. */
const machine = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(SIGNALBOX|DATABASE|REDIS|CHROMA|GATEWAY|npm_lifecycle)_/.test(name),
  ),
);

describe('npm start', () => {
  let home: string;
  let gatewayPort: number;
  const begun: ChildProcess[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'signalbox start '));
    // What has been fetched need not be fetched again.
    await mkdir(tools, { recursive: true });
    await symlink(tools, join(home, 'tools'));
    gatewayPort = await freePort();
  });
  afterEach(async () => {
    for (const child of begun.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const bootstrap = [process.execPath, join(checkout, 'infra/local/bootstrap.mjs'), 'start'];

  function begin(env: Record<string, string> = {}, [program = '', ...args] = bootstrap) {
    const child = spawn(program, args, {
      // Only npm must be called in the checkout.
      cwd: program === 'npm' ? checkout : tmpdir(),
      env: {
        ...machine,
        SIGNALBOX_HOME: home,
        GATEWAY_PORT: String(gatewayPort),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    begun.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    const ended = once(child, 'close').then(([code]) => code as number | null);
    return { child, ended, output: () => output };
  }

  async function ready(mesh: ReturnType<typeof begin>): Promise<RunFile> {
    const look = async () => {
      if (!mesh.output().includes('Ctrl-C stops everything.')) throw new Error(mesh.output());
      await Promise.resolve();
    };
    const giveUp = () => (mesh.child.exitCode === null ? null : new Error(mesh.output()));
    await until(look, { timeoutMs: startTimeoutMs, giveUp });
    return readRunFile();
  }

  async function readRunFile(): Promise<RunFile> {
    return JSON.parse(await readFile(join(home, 'run.json'), 'utf8')) as RunFile;
  }

  it(
    'answers as it says it does, tells tools where everything is, and at Ctrl-C stops all of it within 15 s',
    async () => {
      const mesh = begin({ GATEWAY_REPLICAS: '2' });
      const run = await ready(mesh);

      expect(run).toMatchObject({
        ready: true,
        gatewayUrl: `http://127.0.0.1:${String(gatewayPort)}`,
        adminKeyFile: join(home, 'admin-key'),
      });
      expect(run.gatewayUrls).toHaveLength(2);
      expect(Object.keys(run.services)).toEqual([
        'gateway',
        'gateway-2',
        'chat-router',
        'monitoring-ingest',
        'alerting',
        'research-pipeline',
      ]);
      for (const { adminUrl } of Object.values(run.services)) {
        expect((await fetch(`${adminUrl}/health/live`)).status).toBe(200);
      }
      for (const file of ['run.json', 'admin-key']) {
        expect((await stat(join(home, file))).mode & 0o777).toBe(0o600);
      }

      const [, curl = ''] = /^(curl [\s\S]+?)\n\n/m.exec(mesh.output()) ?? [];
      const [, openai = ''] = /^(\(cd [\s\S]+?^\)$)/m.exec(mesh.output()) ?? [];
      for (const snippet of [curl, openai]) {
        const { stdout } = await promisify(execFile)('bash', ['-c', snippet]);
        expect(stdout).toContain('A signal box sets the route of every train.');
      }

      const second = begin();
      expect(await second.ended).toBe(1);
      expect(second.output()).toContain(`Signalbox is already running at ${run.gatewayUrl}`);

      const pids = Object.values(run.services).map(({ pid }) => pid);
      const stoppedAt = performance.now();
      mesh.child.kill('SIGINT');
      expect(await mesh.ended).toBe(0);
      expect(performance.now() - stoppedAt).toBeLessThan(15_000);
      expect(pids.filter(isThere)).toEqual([]);
      for (const url of [run.postgresUrl, run.redisUrl, run.chromaUrl ?? run.redisUrl]) {
        const { hostname, port } = new URL(url);
        await expect(fetch(`http://${hostname}:${port}`)).rejects.toThrow();
      }
      expect(existsSync(join(home, 'run.json'))).toBe(false);
    },
    startTimeoutMs,
  );

  it(
    'starts again with the same key after it was killed, and is ready within 20 s',
    async () => {
      const first = begin();
      const before = await ready(first);
      const key = await readFile(join(home, 'admin-key'), 'utf8');
      first.child.kill('SIGKILL');
      await first.ended;

      const startedAt = performance.now();
      const second = begin();
      const after = await ready(second);
      expect(performance.now() - startedAt).toBeLessThan(20_000);
      for (const { pid } of Object.values(before.services)) await goneOf(pid);
      const answer = await fetch(`${after.gatewayUrl}/v1/models`, {
        headers: { authorization: `Bearer ${key.trim()}` },
      });
      expect(answer.status).toBe(200);
    },
    startTimeoutMs,
  );

  it(
    'stops when the npm that called it is killed, so that the next start finds the way free',
    async () => {
      const npm = begin({}, ['npm', 'start']);
      const { services } = await ready(npm);
      npm.child.kill('SIGKILL');
      const next = begin();
      await ready(next);
      for (const { pid } of Object.values(services)) expect(isThere(pid)).toBe(false);
    },
    startTimeoutMs,
  );

  it(
    'R1, R6: starts again what is killed, a service at once and a store after a rest, while the rest goes on',
    async () => {
      const mesh = begin({ GATEWAY_REPLICAS: '2' });
      const before = await ready(mesh);
      const { 'gateway-2': second, 'chat-router': router } = before.services;
      for (const { pid, signal } of [
        { pid: second?.pid ?? 0, signal: 'SIGTERM' },
        { pid: router?.pid ?? 0, signal: 'SIGKILL' },
      ] as const) {
        process.kill(pid, signal);
      }
      const redis = JSON.parse(await readFile(join(home, 'processes', 'redis.json'), 'utf8')) as { pid: number };
      process.kill(redis.pid, 'SIGKILL');
      await until(
        async () => {
          expect((await readRunFile()).ready).toBe(false);
        },
        { timeoutMs: startTimeoutMs },
      );
      const key = (await readFile(join(home, 'admin-key'), 'utf8')).trim();
      const headers = { authorization: `Bearer ${key}` };
      expect((await fetch(`${before.gatewayUrl}/api/v1/users/me`, { headers })).status).toBe(200);

      await until(
        async () => {
          const run = await readRunFile();
          if (!run.ready) throw new Error(mesh.output());
          for (const url of run.gatewayUrls) expect((await fetch(`${url}/v1/models`, { headers })).status).toBe(200);
        },
        { timeoutMs: startTimeoutMs },
      );
      const { services } = await readRunFile();
      expect(services['gateway']).toEqual(before.services['gateway']);
      for (const name of ['gateway-2', 'chat-router']) {
        expect(services[name]).toMatchObject({ url: before.services[name]?.url });
        expect(services[name]?.pid).not.toBe(before.services[name]?.pid);
      }
      for (const sentence of [
        'gateway-2 has ended with code 0.',
        'chat-router has ended by SIGKILL.',
        'redis has ended by SIGKILL.',
      ])
        expect(mesh.output()).toContain(`✗ ${sentence} Its last lines:`);
      mesh.child.kill('SIGTERM');
      expect(await mesh.ended).toBe(0);
      for (const { pid } of Object.values(services)) expect(isThere(pid)).toBe(false);
    },
    startTimeoutMs,
  );

  it('says in one line that the port is taken, before it starts anything', async () => {
    const other = createServer().listen(gatewayPort, '127.0.0.1');
    await once(other, 'listening');
    const mesh = begin();
    expect(await mesh.ended).toBe(1);
    expect(mesh.output().trim().split('\n').at(-1)).toMatch(
      new RegExp(`^✗ Port ${String(gatewayPort)} is taken by another program: .*GATEWAY_PORT=\\d+ npm start$`),
    );
    other.close();
  });
});

describe('the bootstrap', () => {
  const run = async (args: string[], env: Record<string, string>) => {
    const child = spawn(process.execPath, [join(checkout, 'infra/local/bootstrap.mjs'), ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  };
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'signalbox-bootstrap-'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it('explains each command without installing anything', async () => {
    for (const command of ['start', 'test', 'check', 'build', 'bench']) {
      const { code, output } = await run([command, '--help'], { SIGNALBOX_HOME: join(home, 'none') });
      expect({ code, first: output.split(':')[0] }).toEqual({
        code: 0,
        first: ['start', 'test'].includes(command) ? `npm ${command}` : `npm run ${command}`,
      });
    }
    expect(existsSync(join(home, 'none'))).toBe(false);
  });

  it('says that npm is missing', async () => {
    const { code, output } = await run(['start'], { SIGNALBOX_HOME: home, PATH: '/nowhere', HOME: home });
    expect({ code, output }).toEqual({
      code: 1,
      output:
        '✗ pnpm could not be installed: npm is not on PATH. Install npm; it comes with Node from https://nodejs.org.\n',
    });
  });

  it('says that the registry does not answer', async () => {
    const [nobody = 0] = await freePorts(1);
    const { code, output } = await run(['start'], {
      SIGNALBOX_HOME: home,
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      npm_config_registry: `http://127.0.0.1:${String(nobody)}`,
      npm_config_fetch_retries: '0',
      npm_config_cache: join(home, 'cache'),
    });
    expect(code).toBe(1);
    expect(output).toMatch(/^✗ pnpm could not be installed: the package registry does not answer\. [^\n]+\n$/);
  });

  it('says that its folder cannot be made', async () => {
    const { code, output } = await run(['start'], { SIGNALBOX_HOME: '/dev/null/home', HOME: home });
    expect({ code, output }).toEqual({
      code: 1,
      output: '✗ /dev/null/home cannot be made (ENOTDIR). Set SIGNALBOX_HOME to a folder of yours.\n',
    });
  });
});
