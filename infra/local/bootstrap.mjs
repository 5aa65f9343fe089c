/**
 * The entry of `npm start`, `npm test`, `npm run check` and `npm run bench` on a machine that has Node 20 or later and npm,
 * and nothing else. It brings pnpm, Node 24 and the dependencies, all inside the checkout, and goes on in TypeScript.
 * Plain JavaScript without dependencies, because nothing is installed yet.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const pnpmVersion = '12.21.0';
const installBytesMin = 2 * 2 ** 30;

const checkout = resolve(fileURLToPath(import.meta.url), '../../..');
const calledFrom = process.env.INIT_CWD || process.cwd();
const home = resolve(calledFrom, process.env.SIGNALBOX_HOME || join(checkout, '.signalbox'));
const pnpmFolder = join(home, 'tools', 'pnpm');

const commands = {
  start: {
    program: 'infra/local/src/start.ts',
    help: `npm start: runs the whole of Signalbox on this machine until Ctrl-C.

Brings what is missing, builds what is stale, starts Postgres, Redis and Chroma of its own, migrates, starts the services,
and says where the gateway is and where the first admin's API key lies. Data is kept between starts.

  SIGNALBOX_HOME     where data, keys, logs and tools lie (.signalbox)
  GATEWAY_PORT       the gateway's port (8080)
  GATEWAY_REPLICAS   how many gateways; the further ones listen on the ports after it (1)
  DATABASE_URL       use this Postgres (as a superuser) and start none
  REDIS_QUEUE_URL    use this Redis (noeviction) and start none; REDIS_CACHE_URL for caches and limits, else the same
  CHROMA_URL         use this Chroma and start none
  PROVIDERS_FILE     model providers, YAML; their keys come from variables that end in _API_KEY
  LIMITS_FILE        rate limits, YAML, read again when it changes; LIMITS_DEFAULT_REQUESTS_PER_MINUTE goes over its default (100)
  CORS_ORIGINS       pages of these origins may call the gateway: https://app.example.com,… (none)
  ALLOWED_HOSTS      the Host headers that are served, with commas between them (any)
  TRUST_PROXY_HOPS   how many proxies of one's own stand in front (0)
  LEGACY_SUNSET      the day from which the old paths answer 410 (2027-12-31)
  LOG_LEVEL          debug, info, warn or error (info)

While it runs, run.json in SIGNALBOX_HOME names every address, and logs/ holds what each part writes.`,
  },
  test: {
    program: 'infra/local/src/test.ts',
    help: `npm test: the check, then every test, on real stores that it starts for itself.

  npm test                         everything
  npm test -- <jest arguments>     only jest, with these arguments: npm test -- packages/redis -t 'sliding window'`,
  },
  check: {
    program: 'infra/local/src/check.ts',
    help: 'npm run check: format, lint, types, architecture, dead code and generated files. Needs no services.',
  },
  alertmanager: {
    program: 'infra/local/src/alertmanager.ts',
    help: `npm run alertmanager -- --config.file=alertmanager.yml: the alerting service by itself, in Alertmanager's stead.

Takes Alertmanager's own flags and file. It keeps its state in the Postgres that DATABASE_URL names, or else in one of its
own under --storage.path. SIGHUP and POST /-/reload read the file again; SIGTERM ends it.

  --config.file           alertmanager.yml
  --storage.path          where a Postgres of its own lies (data/)
  --web.listen-address    host:port, may be repeated (:9093)
  --web.external-url      how the outside reaches it, for links in notifications
  --web.route-prefix      what every path begins with
  --cluster.listen-address  empty: not shown as a cluster of one
  --log.level             debug, info, warn or error (info)`,
  },
  'test-rules': {
    program: 'services/alerting/src/test-rules-main.ts',
    help: `npm run test-rules -- rules.yml …: runs the unit tests that files of alert rules hold. Needs no services.

  --config.file=alertmanager.yml   by which routes, to test where alerts go`,
  },
  'merge-scans': {
    program: 'infra/delivery/src/scans/merge-scans-main.ts',
    help: 'npm run merge-scans -- --out all.sarif NAME=FILE …: one SARIF of several scanners; a missing one is told as an error.',
  },
  'judge-image': {
    program: 'infra/delivery/src/scans/judge-image-main.ts',
    help: `npm run judge-image -- --image NAME@sha256:… --scan trivy.json --policy infra/delivery/image-policy.yaml

Says allow (0), quarantine (3), deny (4) or unknown (5), and why.`,
  },
  'cluster-secrets': {
    program: 'infra/delivery/src/cluster-secrets-main.ts',
    help: 'npm run cluster-secrets: prints the secrets of k8s/overlays/local, of what infra/compose/make-secrets.js made.',
  },
  'roll-out': {
    program: 'infra/delivery/src/roll-out/roll-out-main.ts',
    help: `npm run roll-out -- --service NAME --environment staging|production --digest sha256:… [--healthy-for SECONDS]

By kubectl and the current KUBECONFIG: migrates, rolls out, watches, and goes back when it does not get or stay well.

  PROMETHEUS_URL     also watch the share of errors`,
  },
  'back-up': {
    program: 'infra/backup/src/back-up-main.ts',
    help: `npm run back-up: writes an encrypted copy of every schema of Postgres, of one moment, and says what is in it.

  DATABASE_URL       a superuser's, or of a role that may read everything
  BACKUP_KEYS        id:base64url of 32 bytes, with commas between them; the first one encrypts
  BACKUP_FOLDER      where copies lie (backups)`,
  },
  restore: {
    program: 'infra/backup/src/restore-main.ts',
    help: `npm run restore -- [FILE]: puts the newest copy, or FILE, into an empty Postgres, and compares counts and checksums.

  DATABASE_URL, BACKUP_KEYS, BACKUP_FOLDER as for back-up`,
  },
  build: {
    program: 'node_modules/turbo/bin/turbo',
    first: ['run', 'build'],
    help: 'npm run build: compiles what is stale into the dist/ folders.',
  },
  bench: {
    program: 'bench/run.ts',
    help: `npm run bench: measures what the gateway and the services behind it cost, beside peers.

  npm run bench                     both hops beside nginx and Portkey
  npm run bench -- SUITE            gateway (the same), chat-router, monitoring-intake, monitoring-reads, drift-verdicts, sdk
  npm run bench -- SUITE --quick    one short round, for a look; nothing is written`,
  },
};

/** Something its reader can put right; the message says how. */
class CannotGoOn extends Error {}

async function main([name = '', ...rest]) {
  const command = Object.hasOwn(commands, name) ? commands[name] : null;
  if (command === null) throw new CannotGoOn(`Say which: ${Object.keys(commands).join(', ')}.`);
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(command.help);
    return 0;
  }
  assertPlatform();
  makeFolder(home);
  await install();
  return await runProgram(command.program, [...(command.first ?? []), ...rest]);
}

function assertPlatform() {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new CannotGoOn(`This is Node ${process.versions.node}. Node 20 or later is needed: https://nodejs.org`);
  }
  if (!['linux', 'darwin'].includes(process.platform) || !['x64', 'arm64'].includes(process.arch)) {
    throw new CannotGoOn(
      `Signalbox runs on Linux and macOS on x64 and arm64, and this is ${process.platform} on ${process.arch}. Use \`docker compose up\` instead.`,
    );
  }
  if (process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime) {
    throw new CannotGoOn(
      'This Linux has another C library than glibc (Alpine?), for which there are no programs. Use `docker compose up` instead.',
    );
  }
}

/** Brings pnpm and the dependencies, unless what is there was installed from this very lock file. */
async function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(checkout, 'pnpm-lock.yaml')))
    .update(readFileSync(join(checkout, 'pnpm-workspace.yaml')))
    .digest('hex');
  const stamp = join(checkout, 'node_modules', '.signalbox-installed');
  const node = join(checkout, 'node_modules', '.bin', 'node');
  const isCurrent = () => existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  const hasPnpm = () => existsSync(pnpmProgram()) && readText(join(pnpmFolder, 'version')) === pnpmVersion;
  if (isCurrent() && hasPnpm()) return;

  const unlock = await lockInstallation();
  try {
    // Whoever held the lock has perhaps done it.
    if (!hasPnpm()) await timed(`pnpm ${pnpmVersion} is installed`, installPnpm);
    if (isCurrent()) return;
    if (!existsSync(node)) {
      assertSpace(checkout);
      console.log('  … Installing Node 24 and the dependencies; the first time takes a minute or two');
    }
    await timed('Dependencies are installed', async () => {
      rmSync(stamp, { force: true });
      await run('The dependencies could not be installed', pnpmProgram(), [
        'install',
        '--frozen-lockfile',
        '--config.confirmModulesPurge=false',
        '--reporter=append-only',
        ...(isWritable(homedir()) ? [] : ['--store-dir', join(home, 'pnpm-store')]),
      ]);
      if (!existsSync(node)) {
        throw new CannotGoOn(
          'The dependencies are installed, but Node 24 is not among them. Is `ignore-scripts` set in an .npmrc? Remove it.',
        );
      }
      writeFileSync(stamp, wanted);
    });
  } finally {
    unlock();
  }
}

function pnpmProgram() {
  return join(pnpmFolder, 'node_modules', '.bin', 'pnpm');
}

async function installPnpm() {
  rmSync(pnpmFolder, { recursive: true, force: true });
  makeFolder(pnpmFolder);
  writeFileSync(join(pnpmFolder, 'package.json'), '{ "private": true }\n');
  const [program, ...first] = npmProgram();
  await run(
    'pnpm could not be installed',
    program,
    [
      ...first,
      'install',
      `pnpm@${pnpmVersion}`,
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
      ...[
        '--fetch-retries=2',
        '--fetch-retry-mintimeout=1000',
        '--fetch-retry-maxtimeout=5000',
        '--fetch-timeout=60000',
      ],
      '--loglevel=error',
    ],
    pnpmFolder,
  );
  await run('The pnpm that was installed does not run', pnpmProgram(), ['--version'], pnpmFolder);
  writeFileSync(join(pnpmFolder, 'version'), pnpmVersion);
}

/** The npm that called us, or the one on PATH. */
function npmProgram() {
  const caller = process.env.npm_execpath ?? '';
  return basename(caller) === 'npm-cli.js' && existsSync(caller) ? [process.execPath, caller] : ['npm'];
}

/** Runs a program with its output in install.log, and turns a failure into one line that says what to do. */
async function run(failure, program, args, cwd = checkout) {
  const log = join(home, 'logs', 'install.log');
  makeFolder(join(home, 'logs'));
  const output = openSync(log, 'w');
  const child = spawn(program, args, { cwd, env: environment(), stdio: ['ignore', output, output] });
  closeSync(output);
  const stop = forwardSignals(child);
  const code = await new Promise((settle) => {
    child.once('error', settle);
    child.once('exit', (status, signal) => settle(signal ?? status));
  });
  stop();
  if (code === 0) return;
  if (code instanceof Error && code.code === 'ENOENT') {
    throw new CannotGoOn(
      `${failure}: ${program} is not on PATH. Install npm; it comes with Node from https://nodejs.org.`,
    );
  }
  throw new CannotGoOn(
    `${failure}: ${adviceFor(code instanceof Error ? code.message : readText(log), code)} (All of it: ${log})`,
  );
}

function adviceFor(output, code) {
  const registry = 'the package registry';
  const known = [
    [/ENOSPC|no space left/i, `the disk is full. Free 2 GB on the disk of ${checkout}.`],
    [/EDQUOT/, 'your disk quota is used up.'],
    [
      /OUTDATED_LOCKFILE|frozen-lockfile/,
      'pnpm-lock.yaml does not fit the package.json files. Run `npx pnpm@12 install` and commit the lock file.',
    ],
    [
      /INTEGRITY|EINTEGRITY|sha512/,
      `a download was broken. Run the command again; if it fails again, ask who runs ${registry} you use.`,
    ],
    [
      /ENOTFOUND|EAI_AGAIN|getaddrinfo|dns error/i,
      `${registry} cannot be found. Check the network, and behind a proxy set HTTPS_PROXY.`,
    ],
    [
      /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|timed? ?out|error sending request|socket hang up|FETCH/i,
      `${registry} does not answer. Check the network (\`npm ping\`) and run the command again.`,
    ],
    [
      /CERT|certificate|self.signed/i,
      `${registry}'s certificate is not trusted here. Set NODE_EXTRA_CA_CERTS to your organisation's.`,
    ],
    [/E401|E403|ERR_PNPM_FETCH_40[13]/, `${registry} refuses. Check the credentials in your .npmrc.`],
    [
      /EACCES|EPERM|permission denied/i,
      `this user may not write where it must. Make ${checkout} yours (chown), or clone it again.`,
    ],
  ];
  const advice = known.find(([pattern]) => pattern.test(output))?.[1];
  if (advice !== undefined) return advice;
  const last =
    output
      .trim()
      .split('\n')
      .filter((line) => line.trim() !== '')
      .at(-1) ?? '';
  return `${last === '' ? `it ended with ${code}` : last.trim()}.`;
}

/** Two commands that begin at once on a fresh clone must not install over each other. Gives what releases the lock. */
async function lockInstallation() {
  const file = join(home, 'install.lock');
  let told = false;
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(readText(file));
    const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    // An empty file is one that is being written.
    if (holder > 0 ? !isAlive(holder) : age > 5_000) {
      rmSync(file, { force: true });
      continue;
    }
    if (!told) console.log(`  … Waiting for process ${holder}, which is installing`);
    told = true;
    await sleep(300);
  }
}

function isAlive(pid) {
  return processOf(pid).isThere;
}

/** Goes on in TypeScript, on Node 24. Gives its exit code. */
async function runProgram(program, args) {
  const child = spawn(
    join(checkout, 'node_modules', '.bin', 'node'),
    ['--conditions=@signalbox/source', join(checkout, program), ...args],
    // Over the channel it learns of our death, however we die.
    { cwd: checkout, env: environment(), stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
  );
  const stop = forwardSignals(child);
  const watch = watchParent(child);
  const outcome = await new Promise((settle) => {
    child.once('error', settle);
    child.once('exit', (code, signal) => settle(signal === null ? code : 1));
  });
  stop();
  clearInterval(watch);
  if (outcome instanceof Error) {
    throw new CannotGoOn(
      `Node 24 cannot be run (${outcome.message}). Remove ${join(checkout, 'node_modules')} and run the command again.`,
    );
  }
  return outcome;
}

function environment() {
  const bins = [join(pnpmFolder, 'node_modules', '.bin'), join(checkout, 'node_modules', '.bin')];
  const env = {
    ...process.env,
    SIGNALBOX_HOME: home,
    INIT_CWD: calledFrom,
    // Every part of the mesh is compiled once, not at each of its starts.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(home, 'compile-cache'),
    PATH: [...bins, process.env.PATH ?? ''].join(delimiter),
  };
  // npm keeps its cache at home; some users have none that they may write to.
  if (!isWritable(homedir())) env.npm_config_cache = join(home, 'npm-cache');
  return env;
}

function forwardSignals(child) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const forward = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, forward);
  return () => {
    for (const signal of signals) process.off(signal, forward);
  };
}

/** Under npm the death of npm is the end for us too: nobody could stop us any more. */
function watchParent(child) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const npm = npmThatCalledUs();
  return setInterval(() => {
    if (!isAlive(npm)) child.kill('SIGTERM');
  }, 500).unref();
}

/** npm runs a shell, and most shells stay between npm and us. */
function npmThatCalledUs() {
  const { parent, command } = processOf(process.ppid);
  return /^\S*sh -c/.test(command) ? parent : process.ppid;
}

function processOf(pid) {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return { isThere: state !== 'Z', parent: Number(parent), command };
    }
    const line = execFileSync('ps', ['-o', 'state=,ppid=,args=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const [, state, parent, command] = /^(\S+)\s+(\d+)\s+(.*)$/s.exec(line) ?? ['', 'Z', '0', ''];
    return { isThere: !state.startsWith('Z'), parent: Number(parent), command };
  } catch {
    return { isThere: false, parent: 0, command: '' };
  }
}

async function timed(what, work) {
  const startedAt = performance.now();
  await work();
  console.log(`  ✓ ${what} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
}

function assertSpace(folder) {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < installBytesMin) {
    throw new CannotGoOn(
      `The disk of ${folder} has ${Math.floor((bavail * bsize) / 2 ** 20)} MB left, and 2 GB are needed.`,
    );
  }
}

function makeFolder(folder) {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new CannotGoOn(`${folder} cannot be made (${error.code}). Set SIGNALBOX_HOME to a folder of yours.`);
  }
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`✗ ${error instanceof CannotGoOn ? error.message : (error?.stack ?? error)}`);
  process.exitCode = 1;
}
