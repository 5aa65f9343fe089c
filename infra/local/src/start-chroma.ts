import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { startChild } from './child.ts';
import { freePort } from './free-ports.ts';
import { runStoreServer, type StoreServer } from './store-server.ts';

export interface StartChromaOptions {
  folder: string;
  logFile: string;
  recordFolder?: string;
  name?: string;
  /** `false`: the folder goes when the server is disposed of. Default `true`. */
  keepData?: boolean;
}

const launcher = `require(process.argv[1]).cli(['chroma', ...process.argv.slice(2)])`;

/** Starts Chroma on a free port. Throws `ChromaUnavailable` where there are no programs for this machine. */
export async function startChroma(options: StartChromaOptions): Promise<StoreServer> {
  const { folder, logFile, recordFolder, name = 'chroma', keepData = true } = options;
  const bindings = findBindings();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  return runStoreServer({
    url,
    port,
    remove: keepData ? [] : [folder],
    // It does not hear SIGTERM (seen with 1.0.5). What it has answered for is in SQLite's journal by then.
    stopGraceMs: 300,
    start: () =>
      startChild({
        name,
        command: process.execPath,
        args: ['-e', launcher, bindings, 'run', '--path', folder, '--host', '127.0.0.1', '--port', String(port)],
        cwd: folder,
        env: { PATH: process.env['PATH'], HOME: folder, ANONYMIZED_TELEMETRY: 'False' },
        logFile,
        ...(recordFolder === undefined ? {} : { recordFolder }),
      }),
    ping: () => heartbeat(url),
  });
}

/** This machine can run no Chroma of ours. The mesh works without: retrieval is lexical then. */
export class ChromaUnavailable extends Error {
  override readonly name = 'ChromaUnavailable';
}

/** The newest bindings want glibc 2.39; 1.0.5 are the last that load on an older one. */
function findBindings(): string {
  const platform = `${process.platform}-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  try {
    if (process.platform !== 'linux') {
      return createRequire(fromHere.resolve('chromadb')).resolve(`chromadb-js-bindings-${platform}`);
    }
    const glibc = glibcVersion();
    if (glibc >= 2.39) {
      return createRequire(fromHere.resolve('chromadb')).resolve(`chromadb-js-bindings-${platform}-gnu`);
    }
    if (glibc >= 2.31 && process.arch === 'x64') return fromHere.resolve('chromadb-bindings-glibc-2-36');
  } catch (error) {
    throw new ChromaUnavailable(`Chroma has no programs for ${platform}; set CHROMA_URL to one of your own.`, {
      cause: error,
    });
  }
  throw new ChromaUnavailable(
    `Chroma has no programs for ${platform} with this C library; set CHROMA_URL to one of your own.`,
  );
}

/** As a number (2.36); 0 when the C library is another one. */
function glibcVersion(): number {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const [major = '0', minor = '0'] = (header.glibcVersionRuntime ?? '').split('.');
  return Number(`${major}.${minor.padStart(2, '0')}`);
}

async function heartbeat(url: string): Promise<void> {
  const answer = await fetch(`${url}/api/v2/heartbeat`, { signal: AbortSignal.timeout(2_000) });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`Chroma answers ${String(answer.status)}.`);
}
