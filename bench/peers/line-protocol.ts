import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stopping, until200 } from './peer.ts';

/** A store of measurements that takes InfluxDB's line protocol. */
export interface LineStore extends AsyncDisposable {
  label: string;
  origin: string;
  /** Where lines are posted to, and the status that says they were taken. */
  path: string;
  pid: number;
}

/** InfluxDB 1, with its own settings: it answers when a write is in its log and the log is on the disk. Null where it is not installed. */
export async function startInfluxDb(folder: string, port: number, rpcPort: number): Promise<LineStore | null> {
  const version = spawnSync('influxd', ['version'], { encoding: 'utf8' });
  if (version.error !== undefined) return null;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'influxdb.conf');
  writeFileSync(
    config,
    `reporting-disabled = true
bind-address = "127.0.0.1:${String(rpcPort)}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
[http]
  bind-address = "127.0.0.1:${String(port)}"
  log-enabled = false
[monitor]
  store-enabled = false
[logging]
  level = "error"
  suppress-logo = true
`,
  );
  const child = spawn('influxd', ['-config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  const origin = `http://127.0.0.1:${String(port)}`;
  await until200(`${origin}/ping`, 'InfluxDB');
  const made = await fetch(`${origin}/query?q=${encodeURIComponent('create database bench')}`, { method: 'POST' });
  if (!made.ok) throw new Error(`InfluxDB made no database: ${await made.text()}`);
  return {
    label: `InfluxDB ${/v([\d.]+)/.exec(version.stdout)?.[1] ?? ''}`,
    path: '/write?db=bench',
    ...running(child, origin),
  };
}

/** VictoriaMetrics with its own settings: it answers before anything is on the disk. Null where it is not installed. */
export async function startVictoriaMetrics(folder: string, port: number): Promise<LineStore | null> {
  const version = spawnSync('victoria-metrics', ['-version'], { encoding: 'utf8' });
  if (version.error !== undefined) return null;
  mkdirSync(folder, { recursive: true });
  const child = spawn(
    'victoria-metrics',
    [`-storageDataPath=${folder}`, `-httpListenAddr=127.0.0.1:${String(port)}`, '-loggerLevel=ERROR'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const origin = `http://127.0.0.1:${String(port)}`;
  await until200(`${origin}/health`, 'VictoriaMetrics');
  return { label: 'VictoriaMetrics', path: '/write', ...running(child, origin) };
}

function running(child: ChildProcess, origin: string): Pick<LineStore, 'origin' | 'pid'> & AsyncDisposable {
  return { origin, pid: child.pid ?? 0, ...stopping(child) };
}
