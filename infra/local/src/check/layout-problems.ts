import type { RepositoryFile } from './repository-files.ts';

const topLevel = new Set([
  ...['services', 'packages', 'infra', 'k8s', 'docs', 'e2e', 'bench'],
  ...['docker-compose.yml', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', 'turbo.json', 'package.json', 'README.md'],
]);
// Named for whom they serve and not for what they hold, such places attract everything.
const junkDrawers = new Set(['shared', 'common', 'core', 'utils', 'util', 'helpers', 'helper', 'lib', 'misc']);
const vagueWords = new Set(['manager', 'helper', 'helpers', 'util', 'utils', 'misc', 'stuff']);
const sourceName = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|errors|security|worker|config|d))*\.(ts|js|mjs)$/;
const namesWhatItForbids = /^infra\/local\/(src\/check\/|test\/check\.test)/;
const source = /\.(ts|js|mjs)$/;
const machinePath = /(?<![\w./-])\/(root|work|home\/[a-z]\w*|Users\/\w+)\//;

/** What is wrong with the names and places of files, and with what no file may say, one line for each. */
export function layoutProblems(files: readonly RepositoryFile[]): string[] {
  return files.flatMap((file) => [...nameProblems(file.path), ...textProblems(file)]);
}

function nameProblems(path: string): string[] {
  const problems: string[] = [];
  const segments = path.split('/');
  const [top = '', name = ''] = [segments[0], segments.at(-1)];
  if (!topLevel.has(top) && !top.startsWith('.')) problems.push(`${path}: ${top} does not belong at the top level`);
  const drawer = segments.slice(0, -1).find((segment) => junkDrawers.has(segment));
  if (drawer !== undefined) problems.push(`${path}: name the folder ${drawer} for what it holds`);
  if (!source.test(name) || path.startsWith('.config/')) return problems;
  if (!sourceName.test(name)) problems.push(`${path}: source files are named in kebab-case`);
  const stem = name.replace(/\..*$/, '');
  const vague = junkDrawers.has(stem) ? stem : stem.split('-').find((word) => vagueWords.has(word));
  if (vague !== undefined) problems.push(`${path}: "${vague}" says nothing; name the file for what it does`);
  return problems;
}

function textProblems({ path, text }: RepositoryFile): string[] {
  const problems: string[] = [];
  const tell = (pattern: RegExp, problem: string): void => {
    for (const [index, line] of text.split('\n').entries()) {
      if (pattern.test(line)) problems.push(`${path}:${index + 1}: ${problem}`);
    }
  };
  if (namesWhatItForbids.test(path)) return problems;
  tell(machinePath, 'names a folder of one machine');
  if (path === 'pnpm-lock.yaml') {
    tell(/\btarball:|registry\.|npmjs\.org/, 'names the address of a registry');
    // LA-17: providers are spoken to on their own wires.
    tell(/langchain/i, 'brings LangChain');
  }
  if (source.test(path)) {
    tell(/\b(TODO|FIXME|XXX)\b/, 'finish it or leave it out; what is left open belongs in an issue');
    tell(/(eslint-disable|@ts-expect-error)(?!.* -- \w)/, 'say after ` -- ` why the rule makes this code worse');
    tell(/\b(it|test|describe)\.only\(/, 'a test that runs alone hides all others');
    tell(/\b(it|test|describe)\.skip\(|\bx(it|describe)\(/, 'a test runs or goes; skip only on a stated condition');
  }
  return problems;
}
