import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stopping, until200 } from './peer.ts';

/** Somebody who takes alerts over Alertmanager's API v2. */
export interface AlertStore extends AsyncDisposable {
  label: string;
  origin: string;
  path: string;
  pid: number;
}

/** Debian's Alertmanager by itself, with its own settings; what it takes is in its memory. Null where it is not installed. */
export async function startAlertmanagerPeer(folder: string, port: number): Promise<AlertStore | null> {
  const version = spawnSync('prometheus-alertmanager', ['--version'], { encoding: 'utf8' });
  if (version.error !== undefined) return null;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'alertmanager.yml');
  writeFileSync(config, 'route: { receiver: nobody, group_by: [alertname] }\nreceivers: [{ name: nobody }]\n');
  const child = spawn(
    'prometheus-alertmanager',
    [
      `--config.file=${config}`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${String(port)}`,
      '--cluster.listen-address=',
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const origin = `http://127.0.0.1:${String(port)}`;
  await until200(`${origin}/-/ready`, 'Alertmanager');
  const found = /version ([\d.]+)/.exec(`${version.stdout}${version.stderr}`)?.[1] ?? '';
  return {
    label: `Alertmanager ${found}`,
    origin,
    path: '/api/v2/alerts',
    pid: child.pid ?? 0,
    ...stopping(child),
  };
}
