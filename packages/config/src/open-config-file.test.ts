import { mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { openConfigFile } from './open-config-file.ts';

const schema = z.strictObject({
  limit: z.int().min(1),
  nested: z.strictObject({ burst: z.int() }).optional(),
});

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-config-'));
  path = join(folder, 'limits.yaml');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('waited in vain');
    await sleep(5);
  }
}

function refusal(text: string): Promise<ConfigError> {
  return writeFile(path, text).then(() =>
    openConfigFile(path, schema).then(
      () => Promise.reject(new Error('accepted')),
      (error: unknown) => (error instanceof ConfigError ? error : Promise.reject(error as Error)),
    ),
  );
}

async function open() {
  const seen: number[] = [];
  const rejected: string[] = [];
  const file = await openConfigFile(path, schema, {
    onChange: ({ limit }) => seen.push(limit),
    onRejected: (error) => rejected.push(error.message),
    pollMs: 20,
  });
  return { file, seen, rejected, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
}

describe('LA-1, OP-11: a file of settings', () => {
  it('is read, checked and frozen', async () => {
    await writeFile(path, 'limit: 5 # a comment\nnested:\n  burst: 2\n');
    await using file = await openConfigFile(path, schema);
    expect(file.current()).toEqual({ limit: 5, nested: { burst: 2 } });
    expect(Object.isFrozen(file.current().nested)).toBe(true);
  });

  it('is refused for members nobody knows, at any depth, all at once and without values', async () => {
    const error = await refusal('limit: canary\nlimt: canary\nnested: { burst: 1, brust: canary }\n');
    expect(error.problems.map(({ name }) => name).sort()).toEqual(['', 'limit', 'nested']);
    expect(error.message).toMatch(/limt/);
    expect(error.message).toMatch(/brust/);
    expect(error.message).not.toContain('canary');
  });

  it.each([
    ['no YAML', 'limit: [1, canary', /line \d+, column \d+/],
    ['a member twice', 'limit: 1\nlimit: 2', /DUPLICATE_KEY/],
    ['several documents', 'limit: 1\n---\nlimit: 2', /MULTIPLE_DOCS/],
    ['a tag nobody knows', 'limit: !!js/function canary', /TAG/],
    ['nothing', '', /required|expected/i],
    [
      'a bomb of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, index) => `${String.fromCharCode(98 + index)}: &${String.fromCharCode(98 + index)} [${Array.from({ length: 10 }, () => `*${String.fromCharCode(97 + index)}`).join(',')}]`).join('\n')}`,
      /aliases/,
    ],
  ])('is refused when it is %s', async (_what, text, message) => {
    const error = await refusal(text);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('canary');
  });

  it('is refused when it cannot be read, with the reason and the path', async () => {
    await expect(openConfigFile(join(folder, 'absent.yaml'), schema)).rejects.toThrow(
      /absent\.yaml: cannot be read \(ENOENT\)/,
    );
  });
});

describe('R24: a file of settings that changes', () => {
  it('is followed when it is written in place', async () => {
    await writeFile(path, 'limit: 1');
    await using opened = await open();
    await writeFile(path, 'limit: 2');
    await until(() => opened.file.current().limit === 2);
    expect(opened.seen).toEqual([2]);
  });

  it('is followed when an editor replaces it', async () => {
    await writeFile(path, 'limit: 1');
    await using opened = await open();
    for (const limit of [2, 3]) {
      await writeFile(`${path}.new`, `limit: ${String(limit)}`);
      await rename(`${path}.new`, path);
      await until(() => opened.file.current().limit === limit);
    }
  });

  it('is followed when a mounted volume swaps its link', async () => {
    for (const version of ['1', '2']) {
      mkdirSync(join(folder, `..${version}`));
      writeFileSync(join(folder, `..${version}`, 'limits.yaml'), `limit: ${version}`);
    }
    await symlink('..1', join(folder, '..data'));
    await symlink(join('..data', 'limits.yaml'), path);
    await using opened = await open();
    await symlink('..2', join(folder, '..data_new'));
    await rename(join(folder, '..data_new'), join(folder, '..data'));
    await until(() => opened.file.current().limit === 2);
  });

  it('keeps the last good version, and tells of each bad one once', async () => {
    await writeFile(path, 'limit: 1');
    await using opened = await open();
    await writeFile(path, 'limit: 0');
    await until(() => opened.rejected.length === 1);
    expect(opened.file.current().limit).toBe(1);
    await unlink(path);
    await until(() => opened.rejected.length === 2);
    expect(opened.rejected[1]).toContain('ENOENT');
    expect(opened.file.current().limit).toBe(1);
    await writeFile(path, 'limit: 4');
    await until(() => opened.file.current().limit === 4);
    expect(opened.rejected).toHaveLength(2);
  });

  it('is not taken half written', async () => {
    await writeFile(path, 'limit: 1');
    await using opened = await open();
    for (let part = 2; part < 200; part += 1) await writeFile(path, `limit: ${String(part)}`);
    await writeFile(path, 'limit: 1000');
    await until(() => opened.file.current().limit === 1000);
    expect(opened.seen).toEqual([1000]);
  });

  it('is left alone once it is closed', async () => {
    await writeFile(path, 'limit: 1');
    await using closed = await open();
    await using opened = await open();
    await closed.file[Symbol.asyncDispose]();
    await writeFile(path, 'limit: 2');
    await until(() => opened.file.current().limit === 2);
    expect(closed.file.current().limit).toBe(1);
  });
});
