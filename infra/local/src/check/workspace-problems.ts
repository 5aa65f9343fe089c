import type { RepositoryFile } from './repository-files.ts';

interface Manifest {
  name?: string;
  private?: boolean;
  type?: string;
  description?: string;
  engines?: { node?: string };
  files?: string[];
  exports?: Record<string, unknown>;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

interface Workspace {
  folder: string;
  kind: 'package' | 'service' | 'tool';
  manifest: Manifest;
}

const lifecycleScripts = ['preinstall', 'install', 'postinstall', 'prepare'];
// The SDK also runs where nobody chose the Node for us.
const published = 'packages/sdk';
// It only ever runs from its sources, so it is never built; see turbo.json.
const neverBuilt = 'packages/test-kit';

/** What is wrong with the manifests of the workspaces and with the files that each of them owes, one line for each. */
export function workspaceProblems(files: readonly RepositoryFile[]): string[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const workspaces = [...texts].flatMap(([path, text]) => workspaceOf(path, text));
  return [
    ...workspaces.flatMap(manifestProblems),
    ...workspaces.flatMap((workspace) => owedFileProblems(workspace, texts)),
    ...workspaces.flatMap((workspace) => referenceProblems(workspace, texts)),
    ...workspaces.flatMap((workspace) => migrationProblems(workspace, texts)),
    ...solutionProblems(workspaces, texts),
  ];
}

function workspaceOf(path: string, text: string): Workspace[] {
  const folder = /^((packages|services)\/[^/]+|infra\/[^/]+|e2e|bench)\/package\.json$/.exec(path)?.[1];
  const root = path === 'package.json';
  if (folder === undefined && !root) return [];
  const kind = path.startsWith('packages/') ? 'package' : path.startsWith('services/') ? 'service' : 'tool';
  return [{ folder: folder ?? '', kind, manifest: JSON.parse(text) as Manifest }];
}

function manifestProblems(workspace: Workspace): string[] {
  const { folder, manifest } = workspace;
  const path = folder === '' ? 'package.json' : `${folder}/package.json`;
  return [...identityProblems(workspace), ...dependencyProblems(manifest)].map((problem) => `${path}: ${problem}`);
}

function identityProblems({ folder, kind, manifest }: Workspace): string[] {
  const name = folder === '' ? 'signalbox' : `@signalbox/${folder.split('/').at(-1) ?? ''}`;
  const script = lifecycleScripts.find((candidate) => manifest.scripts?.[candidate] !== undefined);
  const unbuilt = kind === 'package' && folder !== neverBuilt ? entriesWithoutSource(manifest) : [];
  const rules: [boolean, string][] = [
    [manifest.name === name, `the name must be ${name}`],
    [manifest.type === 'module', '"type" must be "module"'],
    [manifest.description?.endsWith('.') === true, 'a description says in one sentence what it is'],
    [manifest.private === true || folder === published, 'only the SDK is published'],
    [
      kind === 'tool' || manifest.engines?.node === (folder === published ? '>=20' : '>=24'),
      '"engines.node" must be ">=24", of the SDK ">=20"',
    ],
    [
      kind === 'tool' || folder === neverBuilt || manifest.files?.includes('dist') === true,
      '"files" must name "dist", or images ship sources',
    ],
    [script === undefined, `installing runs no script (${script ?? ''})`],
    [unbuilt.length === 0, `every export needs the condition @signalbox/source: ${unbuilt.join(', ')}`],
  ];
  return rules.filter(([kept]) => !kept).map(([, problem]) => problem);
}

function entriesWithoutSource(manifest: Manifest): string[] {
  return Object.entries(manifest.exports ?? {})
    .filter(([, target]) => typeof target !== 'object' || target === null || !('@signalbox/source' in target))
    .map(([entry]) => entry);
}

function dependencyProblems(manifest: Manifest): string[] {
  return Object.entries(everyDependency(manifest)).flatMap(([name, version]) => {
    const wanted = name.startsWith('@signalbox/') ? 'workspace:*' : 'catalog:';
    return version === wanted ? [] : [`${name} must be "${wanted}", not "${version}"`];
  });
}

function everyDependency(manifest: Manifest): Record<string, string> {
  return {
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
    ...manifest.devDependencies,
    ...manifest.dependencies,
  };
}

function owedFileProblems({ folder, kind }: Workspace, texts: ReadonlyMap<string, string>): string[] {
  const owed = {
    package: ['README.md', 'tsconfig.json', 'src/index.ts'],
    service: [
      ...['README.md', 'tsconfig.json', 'Dockerfile', 'openapi.json', 'schema.sql', 'migrations/index.ts'],
      ...['src/main.ts', 'src/migrate.ts', 'src/app/app.ts', 'src/app/config.ts'],
    ],
    tool: [],
  }[kind];
  return owed.filter((name) => !texts.has(`${folder}/${name}`)).map((name) => `${folder}: every ${kind} has a ${name}`);
}

/** `tsc -b` builds what is referenced and nothing else: a dependency without its reference is built too late. */
function referenceProblems({ folder, kind, manifest }: Workspace, texts: ReadonlyMap<string, string>): string[] {
  const path = `${folder}/tsconfig.json`;
  const text = texts.get(path);
  if (kind === 'tool' || folder === neverBuilt || text === undefined) return [];
  const { references = [] } = JSON.parse(text) as { references?: { path: string }[] };
  const referenced = new Set(references.map((reference) => reference.path.split('/').at(-1) ?? ''));
  const depended = Object.keys(manifest.dependencies ?? {})
    .filter((name) => name.startsWith('@signalbox/'))
    .map((name) => name.slice('@signalbox/'.length));
  return [
    ...depended.filter((name) => !referenced.has(name)).map((name) => `${path}: refer to ${name}, which it depends on`),
    ...[...referenced]
      .filter((name) => !depended.includes(name))
      .map((name) => `${path}: refers to ${name}, which it does not depend on`),
  ];
}

function migrationProblems({ folder, kind }: Workspace, texts: ReadonlyMap<string, string>): string[] {
  if (kind !== 'service') return [];
  const prefix = `${folder}/migrations/`;
  const index = texts.get(`${prefix}index.ts`) ?? '';
  const names = [...texts.keys()]
    .filter((path) => path.startsWith(prefix) && !path.endsWith('/index.ts'))
    .map((path) => path.slice(prefix.length))
    .sort();
  return names.flatMap((name, position) => {
    const number = String(position + 1).padStart(4, '0');
    if (!/^\d{4}-[a-z0-9-]+\.ts$/.test(name)) return [`${prefix}${name}: a migration is named 0001-what-it-does.ts`];
    if (!name.startsWith(`${number}-`)) return [`${prefix}${name}: the next migration here has the number ${number}`];
    return index.includes(`./${name}`) ? [] : [`${prefix}index.ts: does not list ${name}`];
  });
}

function solutionProblems(workspaces: readonly Workspace[], texts: ReadonlyMap<string, string>): string[] {
  const path = '.config/tsconfig.build.json';
  const { references } = JSON.parse(texts.get(path) ?? '{"references":[]}') as { references: { path: string }[] };
  const listed = new Set(references.map((reference) => reference.path.replace('../', '')));
  return workspaces
    .filter(({ folder, kind }) => kind !== 'tool' && folder !== neverBuilt && !listed.has(folder))
    .map(({ folder }) => `${path}: list ${folder}`);
}
