import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { ConfigError, deepFreeze, problemsOf } from './config-error.ts';

export interface ConfigFile<Settings> extends AsyncDisposable {
  /** The settings of the last good version of the file, frozen. */
  current(): Settings;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ConfigFileOptions<Settings> {
  /** Called after `current()` has become other settings. */
  onChange?: (settings: Settings) => void;
  /** Called once for each bad version of the file; the last good settings stay. */
  onRejected?: (error: ConfigError) => void;
  /** How often the file is read. A new version counts once it was read twice alike. Default 500. */
  pollMs?: number;
}

/**
 * Opens a YAML file of settings and follows its changes: by reading it, because watchers miss files that an editor or a
 * mounted volume replaces, and miss everything on some file systems. Rejects with `ConfigError` when the first version is
 * bad. Give it strict objects (`z.strictObject`), so that a member nobody knows is refused like a wrong one.
 */
export async function openConfigFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  { onChange, onRejected, pollMs = 500 }: ConfigFileOptions<z.infer<Schema>> = {},
): Promise<ConfigFile<z.infer<Schema>>> {
  let text = await readVersion(path);
  let settings = parseVersion(path, schema, text);
  let candidate = text;
  let reading = Promise.resolve();

  async function look(): Promise<void> {
    const read = await readVersion(path);
    // A file that is being written shows parts of itself, and a part can be good YAML.
    const isSettled = isSame(read, candidate);
    candidate = read;
    if (!isSettled || isSame(read, text)) return;
    text = read;
    try {
      settings = parseVersion(path, schema, read);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      onRejected?.(error);
      return;
    }
    onChange?.(settings);
  }

  const timer = setInterval(() => {
    reading = reading.then(look);
  }, pollMs).unref();

  return {
    current: () => settings,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await reading;
    },
  };
}

/** The text of the file, or why it cannot be read: that is a version like others, to be rejected once. */
type Version = string | { unreadable: string };

function isSame(left: Version, right: Version): boolean {
  if (typeof left === 'string' || typeof right === 'string') return left === right;
  return left.unreadable === right.unreadable;
}

async function readVersion(path: string): Promise<Version> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    return { unreadable: (error as NodeJS.ErrnoException).code ?? 'unknown' };
  }
}

function parseVersion<Schema extends z.ZodType>(path: string, schema: Schema, text: Version): z.infer<Schema> {
  if (typeof text !== 'string')
    throw new ConfigError(path, [{ name: '', message: `cannot be read (${text.unreadable})` }]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, strict: true });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    // The parser's own messages quote the file.
    const problems = faults.map(({ code, pos }) => {
      const { line, col } = lines.linePos(pos[0]);
      return { name: `line ${String(line)}, column ${String(col)}`, message: code };
    });
    throw new ConfigError(path, problems);
  }
  const given = withAliases(path, document);
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new ConfigError(path, problemsOf(parsed.error, given));
  return deepFreeze(parsed.data);
}

function withAliases(path: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    throw new ConfigError(path, [{ name: '', message: 'has aliases that cannot be resolved' }]);
  }
}
