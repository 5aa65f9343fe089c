import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const program = fileURLToPath(new URL('../src/test-rules-main.ts', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-rules-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(files: Record<string, string>, ...args: string[]): Promise<{ code: number; output: string }> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return new Promise((settle) => {
    const child = execFile(
      process.execPath,
      ['--conditions=@signalbox/source', program, ...args],
      { cwd: folder, env: { ...process.env, INIT_CWD: folder, NODE_OPTIONS: '' } },
      (_, stdout, stderr) => {
        settle({ code: child.exitCode ?? 1, output: stdout + stderr });
      },
    );
  });
}

const rules = `
rules:
  - name: HighLatency
    condition: { kind: series, metric: latency_ms, window: 1m, comparator: '>', threshold: 100 }
    for: 3m
    interval: 1m
    keep_firing_for: 2m
    no_data: ok
    labels: { team: search }
tests:
  - name: the boundaries of promtool
    interval: 1m
    input_series: [{ series: 'latency_ms{model_id="m"}', values: '0 200x6 0x10' }]
    alert_rule_test:
      - { eval_time: 3m, alertname: HighLatency }
      - { eval_time: 4m, alertname: HighLatency, exp_alerts: [{ exp_labels: { model_id: m }, exp_receivers: [search] }] }
      - { eval_time: 9m, alertname: HighLatency, exp_alerts: [{ exp_labels: { team: search } }] }
      - { eval_time: 10m, alertname: HighLatency }
`;
const alertmanager = `
route: { receiver: rest, routes: [{ receiver: search, matchers: ['team="search"'] }] }
receivers: [{ name: rest }, { name: search }]
`;

describe('rule unit tests on the command line', () => {
  it('pass, and end with 0, where rules and routes do what is expected', async () => {
    const { code, output } = await run(
      { 'rules.yml': rules, 'am.yml': alertmanager },
      '--config.file=am.yml',
      'rules.yml',
    );
    expect(output).toContain('passed  the boundaries of promtool');
    expect(code).toBe(0);
  });

  it('fail with 1, and say where, what was expected and what was found', async () => {
    const wrong = rules.replace('exp_receivers: [search]', 'exp_receivers: [rest]');
    const { code, output } = await run(
      { 'rules.yml': wrong, 'am.yml': alertmanager },
      '--config.file=am.yml',
      'rules.yml',
    );
    expect(output).toContain('HighLatency at 4m: expected the receivers rest, not search.');
    expect(code).toBe(1);
  });

  it('end with 2 for what cannot be read, and name the place', async () => {
    const { code, output } = await run({ 'rules.yml': rules.replace('for: 3m', 'for: soon') }, 'rules.yml');
    expect(output).toContain('rules.0.for: Expected a duration');
    expect(code).toBe(2);
  });
});
