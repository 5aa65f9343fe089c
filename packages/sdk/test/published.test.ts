import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { json, sample, startWireServer, storeBatch } from './wire-server.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const tsc = join(root, 'node_modules/@typescript/native/bin/tsc');

/** Whoever installs the package has its manifest and its `dist`, and nothing else of ours. */
let folder: string;
let installed: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-published-'));
  installed = join(folder, 'node_modules/@signalbox/sdk');
  mkdirSync(installed, { recursive: true });
  cpSync(join(import.meta.dirname, '../package.json'), join(installed, 'package.json'));
  const config = join(import.meta.dirname, '../tsconfig.json');
  const out = ['--outDir', join(installed, 'dist'), '--tsBuildInfoFile', join(folder, 'build')];
  await run(process.execPath, [tsc, '-p', config, ...out]);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const program = `
import { createSignalbox, SignalboxError } from '@signalbox/sdk';
const client = createSignalbox({ baseUrl: process.argv[2], apiKey: 'k' });
const outcome = await client.metrics.collectInferenceMetricsBatch([${JSON.stringify(sample('a'))}]);
let chat = '';
for await (const chunk of client.chat.stream({ model: 'm', messages: [{ role: 'user', content: 'x' }] })) {
  chat += chunk.choices[0].delta.content;
}
await client[Symbol.asyncDispose]();
console.log(JSON.stringify([outcome.success, chat, typeof SignalboxError]));
`;

describe('the package as it is published (MX-30)', () => {
  it('has no dependency, and its types need none', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect([manifest['dependencies'], manifest['peerDependencies']]).toEqual([undefined, undefined]);
    const files = globSync('dist/**/*.{js,d.ts}', { cwd: installed });
    expect(files.length).toBeGreaterThan(50);
    const specifiers = files.flatMap((file) =>
      [...readFileSync(join(installed, file), 'utf8').matchAll(/(?:from|import\()\s*'([^'.][^']*)'/g)].map(
        (match) => match[1] ?? '',
      ),
    );
    const foreign = specifiers.filter((specifier) => !/^(#platform|node:(fs|https?))$/.test(specifier));
    expect(foreign).toEqual([]);
  });

  it.each([
    ['a page', { lib: ['ES2022', 'DOM', 'DOM.Iterable', 'ESNext.Disposable'], customConditions: [], types: [] }],
    ['Node', { lib: ['ES2022', 'ESNext.Disposable'], types: ['node'] }],
  ])('compiles in a strict program for %s that knows nothing of ours', async (name, more) => {
    const project = join(folder, name.replace(' ', '-'));
    mkdirSync(join(project, 'node_modules'), { recursive: true });
    symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'));
    const text =
      "import { createSignalbox, type SampleInput } from '@signalbox/sdk';\n" +
      "import type { Budget } from '@signalbox/sdk/wire';\n" +
      "const client = createSignalbox({ baseUrl: 'http://x', apiKey: 'k' });\n" +
      "export const one: SampleInput = { model_id: 'm', model_type: 'llm', latency: 1 };\n" +
      'export const budgets: Promise<Budget[]> = client.costs.budgets.list().then(({ data }) => data);\n' +
      '// @ts-expect-error -- no model is of this type\n' +
      "export const wrong: SampleInput = { model_id: 'm', model_type: 'cat', latency: 1 };\n";
    writeFileSync(join(project, 'use.ts'), text);
    const compilerOptions = { strict: true, noEmit: true, skipLibCheck: false, target: 'ES2022', ...more };
    const module = { module: 'NodeNext', moduleResolution: 'NodeNext' };
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...compilerOptions, ...module }, files: ['use.ts'] }),
    );
    const outcome = await run(process.execPath, [tsc, '-p', project]).catch((error: unknown) => error);
    expect(outcome).toEqual({ stdout: '', stderr: '' });
  });

  it.each([
    ['the Node of this repository', process.execPath],
    ['the Node of this machine', 'node'],
  ])('runs on %s, from its dist', async (_, node) => {
    const stored = new Map<string, unknown>();
    await using server = await startWireServer((request, response) => {
      if (request.target.includes('/metrics/')) return storeBatch(stored)(request, response);
      if (request.target !== '/v1/chat/completions') return json(404, {})(request, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return response.end('data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n');
    });
    writeFileSync(join(folder, 'program.js'), program);
    const { stdout } = await run(node, [join(folder, 'program.js'), server.url]);
    expect(JSON.parse(stdout)).toEqual([1, 'hi', 'function']);
  });
});
