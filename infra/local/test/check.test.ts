import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { allRoutes, defineJob, defineRoute, getMe } from '@signalbox/contracts';
import * as contracts from '@signalbox/contracts';
import { z } from 'zod';
import { compareGenerated } from '../src/check/compare-generated.ts';
import { compileSamples } from '../src/check/compile-samples.ts';
import { containerProblems } from '../src/check/container-problems.ts';
import { contractProblems } from '../src/check/contract-problems.ts';
import { documentProblems, samplesOf } from '../src/check/document-problems.ts';
import { layoutProblems } from '../src/check/layout-problems.ts';
import { listMadeSecrets } from '../src/check/list-made-secrets.ts';
import { ignoredNames, readRepository } from '../src/check/repository-files.ts';
import { runTool } from '../src/check/run-tool.ts';
import { workspaceProblems } from '../src/check/workspace-problems.ts';

const root = join(import.meta.dirname, '../../..');
const file = (path: string, text = '') => ({ path, text });

describe('LA-22: the layout step', () => {
  it('finds nothing wrong with files in their places', () => {
    const files = [file('README.md'), file('.github/workflows/test.yml'), file('packages/ids/src/id.test.ts')];
    expect(layoutProblems(files)).toEqual([]);
  });

  it.each([
    ['scratch.ts', /top level/],
    ['tools/run.ts', /tools does not belong/],
    ['packages/ids/src/utils/id.ts', /name the folder utils/],
    ['packages/shared/src/id.ts', /name the folder shared/],
    ['packages/ids/src/helpers.ts', /says nothing/],
    ['packages/ids/src/key-manager.ts', /says nothing/],
    ['packages/ids/src/newId.ts', /kebab-case/],
  ])('refuses %s', (path, problem) => {
    expect(layoutProblems([file(path)])).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    ['packages/ids/src/id.ts', "const path = '/home/ada/id';", /folder of one machine/],
    ['packages/ids/README.md', 'Look into /work/main.', /folder of one machine/],
    ['pnpm-lock.yaml', 'tarball: https://mirror/x.tgz', /address of a registry/],
    ['pnpm-lock.yaml', "  '@langchain/core@1.0.0':", /brings LangChain/],
    ['packages/ids/src/id.ts', '// TODO later', /finish it/],
    ['packages/ids/src/id.ts', '// eslint-disable-next-line no-console', /say after/],
    ['packages/ids/src/id.test.ts', 'it.only("x", () => {})', /hides all others/],
    ['packages/ids/src/id.test.ts', 'describe.skip("x", () => {})', /runs or goes/],
  ])('refuses in %s: %s', (path, text, problem) => {
    expect(layoutProblems([file(path, text)])).toEqual([expect.stringMatching(problem)]);
  });

  it('lets a rule be broken where the reason is given', () => {
    const text = '// eslint-disable-next-line no-console -- the console is this tool’s answer';
    expect(layoutProblems([file('packages/ids/src/id.ts', text)])).toEqual([]);
  });
});

describe('CD-5: the workspace rules', () => {
  const manifest = {
    name: '@signalbox/ids',
    private: true,
    type: 'module',
    description: 'Opaque ids.',
    engines: { node: '>=24' },
    files: ['dist'],
    exports: { '.': { '@signalbox/source': './src/index.ts' } },
    dependencies: { '@signalbox/errors': 'workspace:*', zod: 'catalog:' },
  };
  const repository = (changed: object, references = ['../errors']) => [
    file('packages/ids/package.json', JSON.stringify({ ...manifest, ...changed })),
    file('packages/ids/tsconfig.json', JSON.stringify({ references: references.map((path) => ({ path })) })),
    file('packages/ids/README.md'),
    file('packages/ids/src/index.ts'),
    file('.config/tsconfig.build.json', JSON.stringify({ references: [{ path: '../packages/ids' }] })),
  ];

  it('finds nothing wrong with a whole package', () => {
    expect(workspaceProblems(repository({}))).toEqual([]);
  });

  it.each([
    [{ name: '@signalbox/id' }, /name must be @signalbox\/ids/],
    [{ private: false }, /only the SDK/],
    [{ scripts: { postinstall: 'node x.js' } }, /installing runs no script/],
    [{ exports: { '.': './src/index.ts' } }, /condition @signalbox\/source/],
    [{ engines: { node: '>=20' } }, /engines\.node/],
    [{ files: ['dist/src/index.js'] }, /"files" must name "dist"/],
    [{ devDependencies: { jest: '^30.0.0' } }, /jest must be "catalog:"/],
  ])('refuses a manifest with %j', (changed, problem) => {
    expect(workspaceProblems(repository(changed))).toEqual([expect.stringMatching(problem)]);
  });

  it('tells a dependency without its reference, and a reference without its dependency', () => {
    expect(workspaceProblems(repository({}, ['../http']))).toEqual([
      expect.stringContaining('refer to errors'),
      expect.stringContaining('refers to http'),
    ]);
  });

  it('tells files that are owed and packages that are not built', () => {
    const [manifestFile] = repository({});
    expect(workspaceProblems(manifestFile === undefined ? [] : [manifestFile])).toEqual([
      expect.stringContaining('README.md'),
      expect.stringContaining('tsconfig.json'),
      expect.stringContaining('src/index.ts'),
      expect.stringContaining('list packages/ids'),
    ]);
  });

  it('tells migrations with a gap and migrations that nobody runs', () => {
    const problems = workspaceProblems([
      file('services/x/package.json', '{}'),
      file('services/x/migrations/index.ts', "import './0001-first.ts'"),
      file('services/x/migrations/0001-first.ts'),
      file('services/x/migrations/0002-second.ts'),
      file('services/x/migrations/0004-fourth.ts'),
    ]).filter((problem) => problem.includes('migrations/'));
    expect(problems).toEqual([
      expect.stringContaining('does not list 0002-second.ts'),
      expect.stringContaining('has the number 0003'),
    ]);
  });
});

describe('CD-4: the contracts step', () => {
  const route = (changed: Partial<Parameters<typeof defineRoute>[0]>) =>
    defineRoute({
      operationId: 'getThing',
      service: 'gateway',
      method: 'get',
      path: '/api/v1/things/{id}',
      summary: 'Get a thing',
      tag: 'Things',
      scope: 'public',
      params: z.strictObject({ id: z.string() }),
      response: { status: 200, description: 'The thing', schema: z.object({ id: z.string() }) },
      ...changed,
    });
  const mounted = file('services/gateway/src/things/routes.ts', 'mountRoute(routes, getThing, …)');
  const problemsOf = (changed: Partial<Parameters<typeof defineRoute>[0]>) => {
    const changedRoute = route(changed);
    return contractProblems([changedRoute], { [changedRoute.operationId]: changedRoute }, [mounted]);
  };

  it('finds nothing wrong with a contract that its service mounts', () => {
    expect(problemsOf({})).toEqual([]);
  });

  it.each<[Partial<Parameters<typeof defineRoute>[0]>, RegExp]>([
    [{ operationId: 'getOther' }, /gateway neither mounts nor uses it/],
    [{ path: '/api/v1/Things/{id}' }, /kebab-case/],
    [{ path: '/api/things/{id}' }, /begin with \/api\/v1/],
    [{ path: '/api/v1/things/{thing}' }, /the path names {thing}, params {id}/],
    [{ summary: 'Get a thing.' }, /without a full stop/],
    [{ bodyBytesMax: 10 }, /a GET has no body/],
    [
      { response: { status: 200, description: '', schema: z.object({ name: z.string().default('x') }) } },
      /no \.default\(\)/,
    ],
  ])('refuses %j', (changed, problem) => {
    expect(problemsOf(changed)).toEqual([expect.stringMatching(problem)]);
  });

  it('tells two contracts that claim one path, parameters apart, and deprecated paths too', () => {
    const other = route({
      operationId: 'readThing',
      path: '/api/v1/things/{name}',
      params: z.strictObject({ name: z.string() }),
    });
    const files = [{ ...mounted, text: 'getThing readThing' }];
    const first = route({});
    expect(contractProblems([first, other], { getThing: first, readThing: other }, files)).toEqual([
      'GET /api/v1/things/{}: claimed by getThing and by readThing',
    ]);
  });

  it('tells a job that its service does not work off, and a queue name that BullMQ would split', () => {
    const job = defineJob({ name: 'things:count', version: 1, worker: 'gateway', payload: z.object({}) });
    expect(contractProblems([], { countThings: job }, [mounted])).toEqual([
      expect.stringContaining('no colon'),
      'countThings: gateway neither mounts nor uses it',
    ]);
  });

  it('knows every contract of the mesh under its own name', () => {
    expect(contractProblems(allRoutes, contracts, [])).toEqual([]);
    expect(contractProblems([getMe], {}, [])).toEqual(['getMe: the contract is exported under its operationId']);
  });
});

describe('OD-22, OP-24: the containers step', () => {
  const read = async () => {
    const files = await readRepository(root);
    return { files, madeSecrets: await listMadeSecrets(root) };
  };

  it('makes every secret that docker-compose.yml mounts', async () => {
    const { files, madeSecrets } = await read();
    expect(containerProblems(files, madeSecrets).filter((problem) => problem.includes('secret'))).toEqual([]);
    expect(containerProblems(files, []).filter((problem) => problem.includes('makes no'))).not.toEqual([]);
  });

  it.each([
    ['read_only: true', 'read_only: false', /must be read_only/],
    ['cap_drop: [ALL]', 'cap_drop: [NET_RAW]', /cap_drop must be/],
    ["user: '10001:10001'", 'user: root', /run as 10001/],
    ['postgres:18-bookworm', 'postgres:latest', /names no version/],
    ["'127.0.0.1:${", "'0.0.0.0:${", /127\.0\.0\.1 only/],
    ['networks: [front, back]', 'networks: [front, beck]', /networks has no beck/],
    ['restart: unless-stopped', 'restart: unless-stoped', /restart/],
    ['DATABASE_URL_FILE: /run/secrets/gateway_database_url', 'DATABASE_URL: postgres://gateway', /is a secret/],
    ['IDENTITY_KEYS_FILE: /run/secrets/gateway_', 'IDENTITY_KEYS_FILE: /run/secrets/other_', /not mounted/],
    ['healthcheck: *redis-health', 'healthcheck: { disable: true }', /has no healthcheck/],
  ])('refuses docker-compose.yml when %s becomes %s', async (now, then, problem) => {
    const { files, madeSecrets } = await read();
    const changed = files.map((one) =>
      one.path === 'docker-compose.yml' ? { ...one, text: one.text.replaceAll(now, then) } : one,
    );
    expect(containerProblems(changed, madeSecrets).join('\n')).toMatch(problem);
  });

  it.each([
    ['USER 10001:10001', 'USER root', /run as 10001/],
    ['HEALTHCHECK', '# ', /tell its health/],
    ['CMD ["node"', 'CMD ["npm"', /node is the process/],
    ['--frozen-lockfile', '', /frozen-lockfile/],
    ['FROM node:24-bookworm-slim\n', 'FROM node:latest\n', /not latest/],
  ])('refuses a Dockerfile when %s becomes %s', async (now, then, problem) => {
    const { files, madeSecrets } = await read();
    const changed = files.map((one) =>
      one.path.endsWith('/Dockerfile') ? { ...one, text: one.text.replaceAll(now, then) } : one,
    );
    expect(containerProblems(changed, madeSecrets).join('\n')).toMatch(problem);
  });
});

describe('LA-22: the documents step', () => {
  it('finds the samples with their lines, and leaves other languages alone', () => {
    const text = '# A\n\n```ts\nconst a = 1;\n```\n\n```sh\nnpm start\n```\n\n```typescript\nconst b = 2;\n```\n';
    expect(samplesOf([file('README.md', text)])).toEqual([
      { path: 'README.md', line: 4, code: 'const a = 1;\n' },
      { path: 'README.md', line: 12, code: 'const b = 2;\n' },
    ]);
  });

  it('compiles samples against the sources and says at which line of which document one is wrong', async () => {
    const files = await readRepository(root);
    const samples = samplesOf([
      file('README.md', "```ts\nimport { newId } from '@signalbox/ids';\nconst id: string = newId('key');\n```\n"),
      file(
        'docs/B.md',
        "# B\n\n```ts\nimport { newId } from '@signalbox/ids';\nconst id: number = newId('key');\n```\n",
      ),
    ]);
    const outcome = await compileSamples(root, files, samples);
    expect(outcome.output).toMatch(/^docs\/B\.md:5: error TS2322/);
    expect(await compileSamples(root, files, samples.slice(0, 1))).toEqual({ ok: true, output: '' });
  });

  it('lets the README of a service show what lies in its src', async () => {
    const files = await readRepository(root);
    const sample = (from: string) =>
      samplesOf([
        file(
          'services/gateway/README.md',
          `\`\`\`ts\nimport '@signalbox/ids';\nimport * as x from '${from}';\nvoid x;\n\`\`\``,
        ),
      ]);
    expect((await compileSamples(root, files, sample('./app/config.ts'))).output).toBe('');
    expect((await compileSamples(root, files, sample('./app/gone.ts'))).output).toMatch(/README\.md:3: error TS2307/);
  });

  it('tells links, headings and commands that are not there', () => {
    const text =
      '# One thing\n[a](docs/a.md) [b](#one-thing) [c](#two) [d](docs/b.md) [e](https://x.org)\n`npm run nothing` `packages/gone.ts` `packages/<name>`';
    const files = [file('README.md', text), file('docs/a.md'), file('package.json', '{"scripts":{"check":""}}')];
    expect(documentProblems(files)).toEqual([
      'README.md: README.md has no heading #two',
      'README.md: docs/b.md is not there',
      'README.md: `packages/gone.ts` is not there',
      'README.md: there is no script nothing in package.json',
    ]);
  });
});

describe('LA-22: the other parts of the check', () => {
  it('tells the first line in which a generated file differs', () => {
    const made = [file('a.sql', 'one\ntwo\n'), file('b.sql', 'same\n'), file('c.sql', 'new\n')];
    expect(compareGenerated(made, [file('a.sql', 'one\n2\n'), file('b.sql', 'same\n')])).toEqual([
      'a.sql:2: has "2", the code makes "two"',
      'c.sql: is not there',
    ]);
  });

  it('reads what .gitignore says', () => {
    const ignored = ignoredNames('# built\nnode_modules/\n*.log\n.env\n');
    expect(['node_modules', 'x.log', '.env', '.git'].every(ignored)).toBe(true);
    expect(['src', 'log', '.envrc'].some(ignored)).toBe(false);
  });

  it('takes a tool’s exit status for its answer and keeps what it said', async () => {
    expect(await runTool(root, 'prettier/bin/prettier.cjs', ['--version'])).toEqual({ ok: true, output: '' });
    const refused = await runTool(root, 'prettier/bin/prettier.cjs', ['--check', 'no-such-file.ts']);
    expect(refused.ok).toBe(false);
    expect(refused.output).toContain('no-such-file.ts');
  });
});
