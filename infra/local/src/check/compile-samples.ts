import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix, relative } from 'node:path';
import type { Sample } from './document-problems.ts';
import type { RepositoryFile } from './repository-files.ts';
import { runTool } from './run-tool.ts';
import { outcomeOf, type StepOutcome } from './step.ts';

/**
 * Type checks the samples of the documents as strictly as the sources. A sample sees every package of ours and every
 * dependency that any of them has, as the reader's own workspace would.
 */
export async function compileSamples(
  root: string,
  files: readonly RepositoryFile[],
  samples: readonly Sample[],
): Promise<StepOutcome> {
  const folder = join(root, `.signalbox/check/documents-${process.pid}`);
  await mkdir(folder, { recursive: true });
  try {
    await linkDependencies(root, files, join(folder, 'node_modules'));
    const paths = new Set(files.map(({ path }) => path));
    await Promise.all(
      samples.map((sample, index) => writeFile(join(folder, fileOf(index)), moduleOf(sample, root, paths))),
    );
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, '.config/tsconfig.base.json'),
        compilerOptions: {
          ...{ composite: false, declaration: false, sourceMap: false, noEmit: true },
          ...{ rewriteRelativeImportExtensions: false, allowImportingTsExtensions: true },
          typeRoots: [join(root, 'node_modules/@types')],
        },
        files: samples.map((_, index) => fileOf(index)),
      }),
    );
    const { ok, output } = await runTool(root, '@typescript/native/bin/tsc', [
      '--noEmit',
      '--pretty',
      'false',
      '-p',
      folder,
    ]);
    return ok
      ? { ok, output: '' }
      : outcomeOf(output.split('\n').map((line) => atDocument(line, root, folder, samples)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fileOf(index: number): string {
  return `sample-${index}.ts`;
}

/**
 * A sample without an import is a module all the same, and two samples do not share their names. What it imports by a
 * relative path is looked for beside its document and in the `src` there.
 */
function moduleOf({ path, code }: Sample, root: string, paths: ReadonlySet<string>): string {
  const resolved = code.replaceAll(/ from '(\.{1,2}\/[^']+)'/g, (statement, target: string) => {
    const candidates = [posix.join(dirname(path), target), posix.join(dirname(path), 'src', target)];
    const found = candidates.find((candidate) => paths.has(candidate));
    return found === undefined ? statement : ` from '${join(root, found)}'`;
  });
  return `${resolved}\nexport {};\n`;
}

/** Puts the document's name and line in the place of ours. */
function atDocument(line: string, root: string, folder: string, samples: readonly Sample[]): string {
  const prefix = relative(root, folder);
  const match = /sample-(\d+)\.ts\((\d+),\d+\): (.*)$/.exec(line.replace(`${prefix}/`, ''));
  const sample = samples[Number(match?.[1])];
  if (match === null || sample === undefined) return line;
  return `${sample.path}:${sample.line + Number(match[2]) - 1}: ${match[3] ?? ''}`;
}

async function linkDependencies(root: string, files: readonly RepositoryFile[], into: string): Promise<void> {
  const links = new Map<string, string>();
  for (const { path, text } of files) {
    if (!/^((packages|services)\/[^/]+|infra\/[^/]+|e2e|bench)\/package\.json$/.test(path)) continue;
    const folder = dirname(path);
    const manifest = JSON.parse(text) as {
      name: string;
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    links.set(manifest.name, join(root, folder));
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
      if (!name.startsWith('@signalbox/')) links.set(name, join(root, folder, 'node_modules', name));
    }
  }
  for (const [name, target] of links) {
    const link = join(into, name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(target, link);
  }
}
