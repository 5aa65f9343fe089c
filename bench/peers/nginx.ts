import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from '../target.ts';
import { stopping, until200 } from './peer.ts';

/** nginx with `proxy_pass` and kept-alive upstream connections, one worker; null where nginx is not installed. */
export async function startNginx(folder: string, upstream: URL, port: number): Promise<Target | null> {
  const version = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  if (version.error !== undefined) return null;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
     ${process.getuid?.() === 0 ? 'user root;' : ''}
     events { worker_connections 1024; }
     http {
       access_log off;
       client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
       uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
       upstream provider { server ${upstream.host}; keepalive 128; }
       server {
         listen 127.0.0.1:${String(port)};
         location / { proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
       }
     }`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  const origin = `http://127.0.0.1:${String(port)}`;
  await until200(`${origin}/`, 'nginx');
  return {
    name: 'nginx',
    label: `nginx ${version.stderr.trim().replace(/^.*\//, '')}, proxy_pass`,
    origin,
    headers: {},
    model: 'bench-model',
    pids: () => [child.pid ?? 0, ...childrenOf(child.pid ?? 0)],
    ...stopping(child),
  };
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}
