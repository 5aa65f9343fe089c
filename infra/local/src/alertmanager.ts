import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ensureSecret } from './secrets.ts';
import { startPostgres } from './start-postgres.ts';

const checkout = resolve(import.meta.dirname, '../../..');
const program = join(checkout, 'services/alerting/dist/src/alertmanager-main.js');

/**
 * `npm run alertmanager`: runs the alerting service in Alertmanager's stead until it ends, on the Postgres that
 * `DATABASE_URL` names or on one of its own. Every signal is the service's; gives its exit code.
 */
async function runAlertmanager(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const calledFrom = env['INIT_CWD'] ?? process.cwd();
  // What arrives before the service is there to hear it ends the start.
  let hear = (signal: NodeJS.Signals): void => {
    if (signal !== 'SIGHUP') process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => hear(signal));
  process.on('disconnect', () => hear('SIGTERM'));
  if (!existsSync(program)) await build(env);
  await using postgres = env['DATABASE_URL'] ? null : await startOwnPostgres(resolve(calledFrom, storagePathOf(args)));
  const service = spawn(process.execPath, [program, ...args], {
    cwd: calledFrom,
    env: { ...env, DATABASE_URL: postgres?.url ?? env['DATABASE_URL'] },
    stdio: 'inherit',
  });
  hear = (signal) => {
    service.kill(signal);
  };
  // Awaited here: Postgres must not end before the service has.
  return await new Promise<number>((settle, fail) => {
    service.once('error', fail);
    service.once('exit', (code) => settle(code ?? 1));
  });
}

async function startOwnPostgres(storage: string) {
  return startPostgres({
    folder: join(storage, 'postgres'),
    logFile: join(storage, 'postgres.log'),
    password: ensureSecret(join(storage, 'secrets'), 'postgres-password'),
    durable: true,
  });
}

function storagePathOf(args: readonly string[]): string {
  const inline = args.findLast((argument) => argument.startsWith('--storage.path='));
  if (inline !== undefined) return inline.slice('--storage.path='.length);
  const index = args.lastIndexOf('--storage.path');
  return (index === -1 ? undefined : args[index + 1]) ?? 'data/';
}

async function build(env: NodeJS.ProcessEnv): Promise<void> {
  await promisify(execFile)(
    join(checkout, 'node_modules/.bin/turbo'),
    ['run', 'build', '--filter=@signalbox/alerting', '--output-logs=errors-only'],
    { cwd: checkout, env: { ...env, TURBO_TELEMETRY_DISABLED: '1', NO_COLOR: '1' }, maxBuffer: 64 * 2 ** 20 },
  );
}

try {
  process.exitCode = await runAlertmanager(process.argv.slice(2), process.env);
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
