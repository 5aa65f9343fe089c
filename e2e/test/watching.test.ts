import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@signalbox/local';
import { waitFor } from '@signalbox/test-kit';
import { dashboards, expressionsOf, ruleExpressions } from '@signalbox/watching';
import { startEchoProvider } from '../echo-provider.ts';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

/** Debian's, or any other on PATH; where there is none these tests say that they are skipped. */
function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const root = join(import.meta.dirname, '../..');
const watching = join(root, 'infra/watching');
const ruleFiles = (await readdir(join(watching, 'rules'))).map((name) => ({
  path: `infra/watching/rules/${name}`,
  name,
}));

(isThere('promtool') ? describe : describe.skip)('B-8: the rules, by promtool', () => {
  it.each(ruleFiles)('$name is sound, and every alert of it fires when it should and not before', async ({ name }) => {
    const promtool = (...args: string[]) => execFileSync('promtool', args, { encoding: 'utf8', stdio: 'pipe' });
    expect(promtool('check', 'rules', join(watching, 'rules', name))).toContain('SUCCESS');
    expect(promtool('test', 'rules', join(watching, 'rule-tests', name))).toContain('SUCCESS');
    const alerts = [...(await readFile(join(watching, 'rules', name), 'utf8')).matchAll(/- alert: (\w+)/g)].map(
      (match) => match[1],
    );
    const tested = await readFile(join(watching, 'rule-tests', name), 'utf8');
    expect(alerts.filter((alert) => !tested.includes(`alertname: ${alert ?? ''}\n`))).toEqual([]);
  });
});

(isThere('prometheus') ? describe : describe.skip)(
  'LA-20, LA-8, OD-20: a real Prometheus that watches the live mesh',
  () => {
    const owned = new AsyncDisposableStack();
    let opened: OpenedMesh;
    let prometheus: string;

    beforeAll(async () => {
      const echo = owned.use(await startEchoProvider());
      opened = owned.use(
        await openMesh({
          limits: wideLimits,
          providers: [
            { name: 'gone', baseUrl: 'http://127.0.0.1:9/v1', models: ['none'] },
            {
              ...{ name: 'echo', baseUrl: `${echo.url}/v1`, models: ['tiny'] },
              more: { model_facts: { tiny: { prices: { input: '2.5', output: '10' } } } },
            },
          ],
        }),
      );
      const folder = await mkdtemp(join(tmpdir(), 'signalbox-watching-'));
      owned.defer(() => rm(folder, { recursive: true }));
      prometheus = await startPrometheus(folder);
    }, 180_000);
    afterAll(() => owned.disposeAsync());

    async function startPrometheus(folder: string): Promise<string> {
      const { key } = await opened.createKey({ scopes: ['alerts:read', 'alerts:write'] });
      const port = await freePort();
      const targets = Object.values(opened.mesh.services).map(({ name, adminUrl }) => ({
        targets: [new URL(adminUrl).host],
        labels: { service: name, job: name },
      }));
      await writeFile(join(folder, 'key'), key);
      await writeFile(
        join(folder, 'on.yaml'),
        JSON.stringify({
          groups: [{ name: 'on', rules: [{ alert: 'Watching', expr: 'vector(1)', labels: { severity: 'ticket' } }] }],
        }),
      );
      await writeFile(
        join(folder, 'prometheus.yaml'),
        JSON.stringify({
          global: { scrape_interval: '1s', evaluation_interval: '1s' },
          scrape_configs: [{ job_name: 'signalbox', static_configs: targets }],
          rule_files: [join(watching, 'rules/*.yaml'), join(folder, 'on.yaml')],
          alerting: {
            alertmanagers: [
              {
                ...{ scheme: 'http', path_prefix: '/alertmanager', api_version: 'v2' },
                authorization: { credentials_file: join(folder, 'key') },
                static_configs: [{ targets: [new URL(opened.mesh.gatewayUrls[0] ?? '').host] }],
              },
            ],
          },
        }),
      );
      const child = spawn(
        'prometheus',
        [
          ...[`--config.file=${join(folder, 'prometheus.yaml')}`, `--storage.tsdb.path=${join(folder, 'data')}`],
          ...[`--web.listen-address=127.0.0.1:${String(port)}`, '--log.level=error', '--rules.alert.resend-delay=1s'],
        ],
        { stdio: 'ignore' },
      );
      const ended = once(child, 'exit');
      owned.defer(async () => {
        child.kill('SIGTERM');
        await ended;
      });
      return `http://127.0.0.1:${String(port)}`;
    }

    async function ask(expr: string): Promise<{ status: string; error?: string; data?: { result: unknown[] } }> {
      const answer = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`);
      return (await answer.json()) as { status: string; error?: string; data?: { result: unknown[] } };
    }

    /** Something of everything that panels ask for. */
    async function makeTraffic(): Promise<void> {
      const messages = [{ role: 'user', content: 'The bridge was built in 1932. When was the bridge built?' }];
      const chat = (model: string, stream: boolean) =>
        opened.ask('/v1/chat/completions', { body: { model, messages, stream } });
      await chat('signalbox/extractive', false);
      await chat('signalbox/extractive', true);
      await chat('echo/tiny', false);
      await chat('gone/none', false);
      await opened.ask('/api/v1/no-such-thing');
    }

    it('gives series for every question of every dashboard', async () => {
      await opened.ask('/api/v1/alert-rules', {
        body: {
          name: 'Slow',
          condition: {
            ...{ kind: 'series', metric: 'latency_ms', aggregate: 'max', window: '2m' },
            ...{ comparator: '>', threshold: 1_000_000, model_id: 'shop/none' },
          },
          interval: '1s',
        },
      });
      const questions = dashboards.flatMap((dashboard) =>
        expressionsOf(dashboard, '1m').map(({ panel, expr }) => ({ panel: `${dashboard.title}, ${panel}`, expr })),
      );
      const orphans = async (): Promise<string[]> => {
        const answers = await Promise.all(questions.map(async (one) => ({ ...one, answer: await ask(one.expr) })));
        return answers
          .filter(({ answer }) => answer.status !== 'success' || answer.data?.result.length === 0)
          .map(({ panel, answer }) => `${panel}${answer.error === undefined ? '' : `: ${answer.error}`}`);
      };
      let last: string[] = [];
      await waitFor(
        async () => {
          await makeTraffic();
          last = await orphans().catch(() => ['Prometheus does not answer']);
          return last.length === 0;
        },
        { timeoutMs: 60_000, what: 'series for every panel' },
      ).catch(() => undefined);
      expect(last).toEqual([]);
    }, 120_000);

    it('takes every expression of every rule', async () => {
      const files = await Promise.all(
        ruleFiles.map(async ({ path }) => ({ path, text: await readFile(join(root, path), 'utf8') })),
      );
      for (const { where, expr } of ruleExpressions(files)) {
        const { status, error } = await ask(expr);
        expect({ where, status, error }).toEqual({ where, status: 'success', error: undefined });
      }
    });

    it('finds every service there, and sends its alerts to our alerting', async () => {
      const up = (await ask('up')).data?.result as { value: [number, string] }[];
      expect(up.map(({ value }) => value[1])).toEqual(Object.keys(opened.mesh.services).map(() => '1'));
      const sent = await waitFor(
        async () => {
          const { text } = await opened.ask('/alertmanager/api/v2/alerts');
          return (JSON.parse(text) as { labels: Record<string, string> }[]).find(
            ({ labels }) => labels['alertname'] === 'Watching',
          );
        },
        { timeoutMs: 60_000, what: 'an alert of Prometheus at our alerting' },
      );
      expect(sent.labels).toMatchObject({ alertname: 'Watching', severity: 'ticket' });
    }, 120_000);
  },
);
