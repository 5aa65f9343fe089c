import { execFile, type ExecFileException } from 'node:child_process';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isPortFree } from './free-ports.ts';
import { openHome, type Home } from './home.ts';
import { keepRunning } from './keep-running.ts';
import { takeLock } from './lock.ts';
import { readRunFile, removeRunFile, writeRunFile } from './run-file.ts';
import { startMesh, type Mesh } from './start-mesh.ts';
import { stopRequests } from './stop-requests.ts';
import { makeTell, type Tell } from './tell.ts';
import { welcome } from './welcome.ts';

const checkout = resolve(import.meta.dirname, '../../..');

/** Something that its user can put right; its message says how, and no stack is shown. */
class CannotStart extends Error {
  override readonly name = 'CannotStart';
}

/** `npm start`: builds what is stale, starts the mesh, and keeps it running until it is asked to stop. */
async function start(env: NodeJS.ProcessEnv): Promise<number> {
  const startedAt = performance.now();
  const tell = makeTell(console.log);
  const home = openHome(resolve(env['SIGNALBOX_HOME'] ?? join(checkout, '.signalbox')));
  const stop = stopRequests();
  const gatewayPort = wholeNumber(env, 'GATEWAY_PORT', { fallback: 8080, min: 1, max: 65_535 });
  const gatewayReplicas = wholeNumber(env, 'GATEWAY_REPLICAS', { fallback: 1, min: 1, max: 16 });

  using _lock = await lockOrExplain(home, tell);
  removeRunFile(home.runFile);
  if (!(await isPortFree(gatewayPort))) {
    throw new CannotStart(
      `Port ${String(gatewayPort)} is taken by another program: stop it, or choose a port: GATEWAY_PORT=${String(gatewayPort + 10)} npm start`,
    );
  }
  await tell.timing('The build is up to date', () => build(env, stop.signal));

  let mesh: Mesh;
  try {
    mesh = await startMesh({
      home: home.folder,
      toolsFolder: join(home.folder, 'tools'),
      from: 'dist',
      gatewayPort,
      gatewayReplicas,
      environment: env,
      relativeTo: env['INIT_CWD'] ?? process.cwd(),
      postgresUrl: given(env['DATABASE_URL']),
      redisQueueUrl: given(env['REDIS_QUEUE_URL']),
      redisCacheUrl: given(env['REDIS_CACHE_URL']) ?? given(env['REDIS_QUEUE_URL']),
      chromaUrl: given(env['CHROMA_URL']),
      tell,
      signal: stop.signal,
      onAddresses: (addresses) => {
        writeRunFile(home.runFile, false, addresses, {});
      },
    });
  } catch (error) {
    removeRunFile(home.runFile);
    if (stop.signal.aborted) return 0;
    throw error;
  }

  writeRunFile(home.runFile, true, mesh, mesh.services);
  console.log(welcome({ mesh, checkout, seconds: (performance.now() - startedAt) / 1000 }));
  const kept = keepRunning({
    services: mesh.services,
    stores: mesh.stores,
    told: (sentence) => {
      console.error(`\n✗ ${sentence}`);
    },
    changed: (allRun) => {
      writeRunFile(home.runFile, allRun, mesh, mesh.services);
      if (allRun) tell('Everything runs');
    },
  });
  const died = await Promise.race([stop.requested, kept.failed]);
  kept[Symbol.dispose]();
  if (died !== null) console.error(`\n✗ ${died}`);
  const stoppedAt = performance.now();
  console.log('\nStopping…');
  stop.onImpatience(() => {
    for (const service of Object.values(mesh.services)) service.signal('SIGKILL');
  });
  writeRunFile(home.runFile, false, mesh, mesh.services);
  await mesh[Symbol.asyncDispose]();
  removeRunFile(home.runFile);
  console.log(`Everything is stopped (${((performance.now() - stoppedAt) / 1000).toFixed(1)} s).`);
  return died === null ? 0 : 1;
}

/** One mesh in one home. One that is starting or stopping, or is about to notice that its npm was killed, is waited for. */
async function lockOrExplain(home: Home, tell: Tell): Promise<Disposable> {
  const startedAt = performance.now();
  let told = false;
  for (;;) {
    const lock = takeLock(home.lockFile);
    if ('release' in lock) return { [Symbol.dispose]: lock.release };
    const running = readRunFile(home.runFile);
    const isReady = running?.ready === true;
    if (performance.now() - startedAt > (isReady ? 1_500 : 30_000)) {
      const where = running === null ? '' : ` at ${running.gatewayUrl}`;
      throw new CannotStart(
        `Signalbox is already running${where} (process ${String(lock.heldBy)}): press Ctrl-C there, or \`kill ${String(lock.heldBy)}\`. For a second one beside it, set SIGNALBOX_HOME and GATEWAY_PORT.`,
      );
    }
    if (!told && !isReady) {
      tell(`Waiting for process ${String(lock.heldBy)}, which is starting or stopping in ${home.folder}`);
      told = true;
    }
    await sleep(200);
  }
}

/** turbo knows what is stale. */
async function build(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  try {
    await promisify(execFile)(
      join(checkout, 'node_modules/.bin/turbo'),
      ['run', 'build', '--output-logs=errors-only'],
      {
        cwd: checkout,
        env: { ...env, TURBO_TELEMETRY_DISABLED: '1', NO_COLOR: '1' },
        maxBuffer: 64 * 2 ** 20,
        signal,
      },
    );
  } catch (error) {
    const { stdout = '', stderr = '' } = error as ExecFileException;
    throw new CannotStart(`The build failed:\n${`${stdout}\n${stderr}`.trim()}`, { cause: error });
  }
}

function wholeNumber(
  env: NodeJS.ProcessEnv,
  name: string,
  { fallback, min, max }: { fallback: number; min: number; max: number },
): number {
  const text = given(env[name]);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new CannotStart(`${name} must be a whole number from ${String(min)} to ${String(max)}.`);
  }
  return value;
}

/** An empty variable is an absent one. */
function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

try {
  process.exitCode = await start(process.env);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`✗ ${message}`);
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
