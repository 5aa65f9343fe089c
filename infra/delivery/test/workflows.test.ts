import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dependabotProblems } from '../src/workflows/dependabot-problems.ts';

const github = join(import.meta.dirname, '../../../.github');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-workflows-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function check(...paths: string[]): Promise<string> {
  const main = join(import.meta.dirname, '../src/workflows/check-workflows-main.ts');
  return promisify(execFile)(process.execPath, ['--conditions=@signalbox/source', main, ...paths]).then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      return stdout || stderr;
    },
  );
}

async function checkChanged(change: (text: string) => string): Promise<string> {
  const file = join(folder, 'ci.yml');
  await writeFile(file, change(await readFile(join(github, 'workflows/ci.yml'), 'utf8')));
  return check(file);
}

describe('LA-22, OP-20: the workflows', () => {
  it('are read by the parser of GitHub itself, without a complaint of it or of ours', async () => {
    expect(await check(...['ci', 'security', 'deploy'].map((name) => join(github, `workflows/${name}.yml`)))).toBe('');
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['a key that GitHub does not know', (text) => text.replace('runs-on:', 'run-on:'), /run-on/],
    [
      'an expression that cannot be read',
      (text) => text.replace('matrix.node }}', 'matrix.node ==  }}'),
      /Unexpected|expression/i,
    ],
    ['a token that may do anything', (text) => text.replace('permissions:\n  contents: read\n', ''), /permissions/],
    [
      'an action that changes by itself',
      (text) => text.replace('actions/checkout@v5', 'actions/checkout@main'),
      /names no version/,
    ],
    [
      'words of others in a script',
      (text) => text.replace('.ci/run', 'echo ${{ github.head_ref }}'),
      /hand it over in env/,
    ],
    ['a job without an end', (text) => text.replace('timeout-minutes: 45', ''), /timeout-minutes/],
    ['a token left behind', (text) => text.replace('persist-credentials: false', 'fetch-depth: 1'), /checkout leaves/],
  ])('refuse %s', async (_, change, problem) => {
    expect(await checkChanged(change)).toMatch(problem);
  });
});

describe('OP-14: Dependabot', () => {
  const paths = ['services/gateway/Dockerfile', 'infra/backup/Dockerfile'];

  it('updates packages, images and actions', async () => {
    expect(dependabotProblems(await readFile(join(github, 'dependabot.yml'), 'utf8'), paths)).toEqual([]);
  });

  it('is refused with a key that it does not know, a folder that is not there, and something left out', () => {
    const update = (more: string) =>
      `version: 2\nupdates:\n  - { package-ecosystem: npm, directory: /, schedule: { interval: weekly }${more} }\n`;
    expect(dependabotProblems(update(', ignored: []'), paths).join()).toMatch(/ignored/);
    expect(dependabotProblems(update(''), paths).join()).toMatch(/nobody updates docker/);
    expect(dependabotProblems(update('').replace('directory: /', 'directory: /gone'), paths).join()).toMatch(
      /gone is not there/,
    );
  });
});
