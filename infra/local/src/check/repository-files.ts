import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of the repository: its path from the root, with `/`, and what it holds. */
export interface RepositoryFile {
  path: string;
  text: string;
}

/**
 * Reads every file that `.gitignore` does not name, tracked or about to be. It asks no git, so that it also works on a
 * copy without history.
 */
export async function readRepository(root: string): Promise<RepositoryFile[]> {
  const ignored = ignoredNames(await readFile(join(root, '.gitignore'), 'utf8'));
  const entries = await readFolder(root, '', ignored);
  const files = await Promise.all(
    entries.map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })),
  );
  return files.filter(({ text }) => !text.includes('\0')).sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Understands what our `.gitignore` needs: `name/`, `name` and `*.ending`. */
export function ignoredNames(gitignore: string): (name: string) => boolean {
  const patterns = gitignore
    .split('\n')
    .map((line) => line.trim().replace(/\/$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));
  const names = new Set(['.git', ...patterns.filter((pattern) => !pattern.includes('*'))]);
  const endings = patterns.filter((pattern) => pattern.startsWith('*')).map((pattern) => pattern.slice(1));
  return (name) => names.has(name) || endings.some((ending) => name.endsWith(ending));
}

async function readFolder(root: string, folder: string, ignored: (name: string) => boolean): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const found = await Promise.all(
    entries
      .filter((entry) => !ignored(entry.name))
      .map(async (entry) => {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) return readFolder(root, path, ignored);
        return entry.isFile() ? [path] : [];
      }),
  );
  return found.flat();
}
