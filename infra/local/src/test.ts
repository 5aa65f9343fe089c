import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCheck } from './check.ts';
import { findRedis } from './find-redis.ts';
import { openHome } from './home.ts';
import { startStores, type Stores } from './start-stores.ts';
import { stopRequests } from './stop-requests.ts';
import { makeTell } from './tell.ts';

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const checkout = resolve(import.meta.dirname, '../../..');
const jestLingersMsMax = 30_000;
/** More failing files than this is no matter of chance. */
const secondTriesMax = 10;

/**
 * `npm test`: stores of its own, the check, then jest over everything; with arguments only jest, with those arguments. It
 * ends with the line `N passed, N failed`.
 */
async function test(jestArguments: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const stop = stopRequests();
  const toolsFolder = join(resolve(env['SIGNALBOX_HOME'] ?? join(checkout, '.signalbox')), 'tools');
  const home = openHome(mkdtempSync(join(tmpdir(), 'signalbox-test-')));
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  try {
    const tell = makeTell(console.log);
    console.log('Stores');
    await using stores = await startStores({
      home,
      toolsFolder,
      env,
      postgresUrl: env['SIGNALBOX_TEST_POSTGRES_URL'],
      redisQueueUrl: env['SIGNALBOX_TEST_REDIS_URL'],
      redisCacheUrl: env['SIGNALBOX_TEST_REDIS_URL'],
      chromaUrl: env['SIGNALBOX_TEST_CHROMA_URL'],
      keepData: false,
      passwords: false,
      tell,
    });
    const redis = stores.redisBinary ?? (await findRedis(toolsFolder, env, tell));
    if (jestArguments.length === 0) {
      console.log('Check');
      const steps = await runCheck({
        tell: (line) => {
          console.log(line.replaceAll(/^/gm, '  '));
        },
      });
      totals.failed += steps.filter(({ ok }) => !ok).length;
    }
    if (!stop.signal.aborted) {
      console.log('Tests');
      const tests = await runTests(jestArguments, stop.signal, {
        ...env,
        ...addressesOf(stores),
        SIGNALBOX_REDIS_SERVER: redis.path,
        SIGNALBOX_REDIS_LIBRARY_PATH: redis.libraryPath,
      });
      totals.passed += tests.passed;
      totals.failed += tests.failed;
      totals.skipped += tests.skipped;
    }
  } finally {
    rmSync(home.folder, { recursive: true, force: true });
  }
  const { passed, failed, skipped } = totals;
  console.log(
    `${String(passed)} passed, ${String(failed)} failed${skipped === 0 ? '' : `, ${String(skipped)} skipped`}`,
  );
  return failed > 0 || stop.signal.aborted ? 1 : 0;
}

function addressesOf({ postgresUrl, redisQueueUrl, chromaUrl }: Stores): Record<string, string> {
  return {
    SIGNALBOX_TEST_POSTGRES_URL: postgresUrl,
    SIGNALBOX_TEST_REDIS_URL: redisQueueUrl,
    ...(chromaUrl === null ? {} : { SIGNALBOX_TEST_CHROMA_URL: chromaUrl }),
  };
}

/**
 * Files with a failure are run once more, one after the other with the machine to themselves, and that result counts: what
 * these tests force (kills, frozen stores, crowds) competes for the cores with whatever else runs. Each file that needed
 * it is named, so that it can be mended. Somebody who asks for certain tests gets one try.
 */
async function runTests(
  jestArguments: readonly string[],
  signal: AbortSignal,
  env: NodeJS.ProcessEnv,
): Promise<Totals> {
  const first = await runJest(jestArguments, signal, env);
  const again = first.failedFiles.map(({ name }) => name);
  if (jestArguments.length > 0 || again.length === 0 || again.length > secondTriesMax || signal.aborted) return first;
  console.log(`Once more, alone: ${again.map((name) => relative(checkout, name)).join(', ')}`);
  const second = await runJest(['--runInBand', '--runTestsByPath', ...again], signal, env);
  const failing = new Set(second.failedFiles.map(({ name }) => name));
  const mended = again.filter((name) => !failing.has(name));
  if (mended.length > 0) {
    console.log(`Passed at the second try only: ${mended.map((name) => relative(checkout, name)).join(', ')}`);
  }
  const passedBefore = first.failedFiles.reduce((sum, { passed }) => sum + passed, 0);
  const skippedBefore = first.failedFiles.reduce((sum, { skipped }) => sum + skipped, 0);
  return {
    passed: first.passed - passedBefore + second.passed,
    failed: second.failed,
    skipped: first.skipped - skippedBefore + second.skipped,
  };
}

interface JestTotals extends Totals {
  failedFiles: { name: string; passed: number; skipped: number }[];
}

/** A file of tests that could not even be loaded counts as one failure, and so does a jest that ends badly. */
async function runJest(
  jestArguments: readonly string[],
  signal: AbortSignal,
  env: NodeJS.ProcessEnv,
): Promise<JestTotals> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-jest-'));
  const outputFile = join(folder, 'totals.json');
  const jest = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      join(checkout, 'node_modules/jest/bin/jest.js'),
      ...['--config', join(checkout, '.config/jest.config.js')],
      ...['--json', '--outputFile', outputFile],
      ...jestArguments,
    ],
    // With --json jest writes what people read to its error output, and a notice about the file to the other.
    { cwd: checkout, env, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const stopJest = () => {
    jest.kill('SIGTERM');
  };
  signal.addEventListener('abort', stopJest);
  try {
    const ended = await endOf(jest, outputFile);
    if (!existsSync(outputFile)) return { passed: 0, failed: ended === 0 ? 0 : 1, skipped: 0, failedFiles: [] };
    const results = JSON.parse(readFileSync(outputFile, 'utf8')) as JestResults;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    return {
      passed: results.numPassedTests,
      failed: failed === 0 && ended !== 0 ? 1 : failed,
      skipped: results.numPendingTests + results.numTodoTests,
      failedFiles: results.testResults
        .filter(({ status }) => status === 'failed')
        .map(({ name, assertionResults }) => ({
          name,
          passed: assertionResults.filter((test) => test.status === 'passed').length,
          skipped: assertionResults.filter((test) => test.status === 'pending' || test.status === 'todo').length,
        })),
    };
  } finally {
    signal.removeEventListener('abort', stopJest);
    rmSync(folder, { recursive: true, force: true });
  }
}

interface JestResults {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[];
}

/** The code that jest ends with. When it has written its results and does not end, a test has left something open. */
async function endOf(jest: ChildProcess, outputFile: string): Promise<number> {
  const exited = once(jest, 'exit') as Promise<[number | null]>;
  let resultsSeenAt: number | null = null;
  for (;;) {
    const ended = await Promise.race([exited, sleep(500)]);
    if (ended !== undefined) return ended[0] ?? 1;
    if (resultsSeenAt === null && existsSync(outputFile)) resultsSeenAt = performance.now();
    if (resultsSeenAt !== null && performance.now() - resultsSeenAt > jestLingersMsMax) {
      console.error('jest does not end: a test has left something open. Run it alone with --detectOpenHandles.');
      jest.kill('SIGKILL');
    }
  }
}

try {
  process.exitCode = await test(process.argv.slice(2), process.env);
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
