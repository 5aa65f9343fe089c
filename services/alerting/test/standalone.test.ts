import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase, waitFor, type TestDatabase } from '@signalbox/test-kit';
import { readFlags } from '../src/alertmanager/read-flags.ts';
import { startAlertmanager, type RunningAlertmanager } from '../src/app/alertmanager-app.ts';
import { comparable, playTimingCase, type PlayedServer } from './play-timing-case.ts';
import { timingCases, type TimingCase } from './timing-cases.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alertmanager-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Started extends PlayedServer {
  running: RunningAlertmanager;
  file: string;
  log: { event: string; [field: string]: unknown }[];
}

async function start(configuration: string, args: readonly string[] = [], database?: TestDatabase): Promise<Started> {
  const owned = new AsyncDisposableStack();
  const { superuserUrl } = database ?? owned.use(await createTestDatabase({ service: 'alerting', migrations: {} }));
  const file = join(folder, `${randomUUID()}.yml`);
  await writeFile(file, configuration);
  const reading = readFlags(['--config.file', file, '--web.listen-address', '127.0.0.1:0', ...args]);
  if (reading.kind !== 'run') throw new Error(JSON.stringify(reading));
  const log: Started['log'] = [];
  const logger = createLogger({
    service: 'alertmanager',
    write: (line) => {
      log.push(JSON.parse(line) as Started['log'][number]);
    },
  });
  const { flags } = reading;
  const running = await startAlertmanager({ flags, databaseUrl: superuserUrl, logger, owned }).catch(
    async (error: unknown) => {
      await owned.disposeAsync();
      throw error;
    },
  );
  return {
    url: running.url,
    running,
    file,
    log,
    reload: async () => {
      expect((await fetch(`${running.url}/-/reload`, { method: 'POST' })).status).toBe(200);
    },
    async [Symbol.asyncDispose]() {
      await owned.disposeAsync();
    },
  };
}

/** A webhook that answers as it is told, and what it was sent. */
async function aWebhook(statusOf: (nth: number) => number) {
  const messages: { status: string; alerts: { status: string }[]; id: string }[] = [];
  const taken: typeof messages = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const message = { ...(JSON.parse(body) as (typeof messages)[number]), id: String(request.headers['webhook-id']) };
      messages.push(message);
      response.statusCode = statusOf(messages.length);
      if (response.statusCode === 200) taken.push(message);
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
    messages,
    taken,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const post = (url: string, path: string, body: unknown): Promise<Response> =>
  fetch(url + path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

const configured = (url: string, route = ''): string =>
  `route: { receiver: hook, group_wait: 100ms, group_interval: 500ms, repeat_interval: 1h ${route} }\nreceivers: [{ name: hook, webhook_configs: [{ url: '${url}' }] }]`;

describe('the stand-alone service, on a real clock (MX-12, MX-13, B-45)', () => {
  // Three times slower than they are written, so that a busy machine keeps the steps between the beats.
  const slower = 3;
  const parts = ['merges', 'is read again', 'goes on holding back', 'silence lasts'];
  const played = timingCases.filter(({ name }) => parts.some((part) => name.includes(part)));

  it('tells in the order and with the words of Alertmanager', async () => {
    expect(played).toHaveLength(parts.length);
    const toldBy = await Promise.all(
      played.map((one) => playTimingCase(one, { slower, start: (configuration) => start(configuration) })),
    );
    const wantedOf = (one: TimingCase) =>
      comparable(one.wants.map(({ hook, from, alerts }) => ({ hook, at: from, alerts })));
    const told = played.map((one, index) => [one.name, comparable(toldBy[index] ?? [])]);
    expect(told).toEqual(played.map((one) => [one.name, wantedOf(one)]));
  }, 120_000);

  it('tells a receiver that failed while an alert fired and ended, which Alertmanager does not', async () => {
    await using hook = await aWebhook((nth) => (nth <= 3 ? 500 : 200));
    await using server = await start(configured(hook.url));
    await post(server.url, '/api/v2/alerts', [{ labels: { alertname: 'short' } }]);
    await waitFor(() => hook.messages.length >= 1);
    await post(server.url, '/api/v2/alerts', [{ labels: { alertname: 'short' }, endsAt: new Date().toISOString() }]);
    await waitFor(() => hook.taken.some(({ status }) => status === 'resolved'), { timeoutMs: 30_000 });
    expect(hook.taken.map(({ status }) => status)).toEqual(['firing', 'resolved']);
    const [first, second, third, fourth] = hook.messages.map(({ id }) => id);
    expect(new Set([first, second, third, fourth]).size).toBe(1);
  });

  it('comes back at the next beat to a receiver that refused, and tells of an end that came before it', async () => {
    await using hook = await aWebhook((nth) => (nth === 1 ? 429 : 200));
    await using server = await start(configured(hook.url));
    await post(server.url, '/api/v2/alerts', [{ labels: { alertname: 'limited' } }]);
    await waitFor(() => hook.messages.length === 1);
    await post(server.url, '/api/v2/alerts', [{ labels: { alertname: 'limited' }, endsAt: new Date().toISOString() }]);
    await waitFor(() => hook.taken.length === 2, { timeoutMs: 30_000 });
    expect(hook.taken.map(({ status }) => status)).toEqual(['firing', 'resolved']);
  });

  it('forgets nothing over a restart: neither alerts nor silences nor what it told', async () => {
    await using database = await createTestDatabase({ service: 'alerting', migrations: {} });
    await using hook = await aWebhook(() => 200);
    const silence = {
      matchers: [{ name: 'alertname', value: 'quiet', isRegex: false }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      createdBy: 'a',
      comment: 'b',
    };
    {
      await using server = await start(configured(hook.url), [], database);
      expect((await post(server.url, '/api/v2/silences', silence)).status).toBe(200);
      await post(server.url, '/api/v2/alerts', [{ labels: { alertname: 'kept' } }]);
      await waitFor(() => hook.taken.length === 1);
    }
    await using server = await start(configured(hook.url), [], database);
    expect(await (await fetch(`${server.url}/api/v2/silences`)).json()).toMatchObject([
      { status: { state: 'active' } },
    ]);
    expect(await (await fetch(`${server.url}/api/v2/alerts`)).json()).toMatchObject([
      { labels: { alertname: 'kept' } },
    ]);
    await post(server.url, '/api/v2/alerts', [{ labels: { alertname: 'quiet' } }, { labels: { alertname: 'new' } }]);
    await waitFor(() => hook.taken.length >= 2);
    expect(hook.taken).toHaveLength(2);
    expect(hook.taken[1]?.alerts).toHaveLength(2);
  });
});

describe('the stand-alone process (MX-13)', () => {
  const plain = 'route: { receiver: none }\nreceivers: [{ name: none }]';

  it('says that it is ready and healthy, and reads its configuration again', async () => {
    await using server = await start(plain, ['--cluster.listen-address=', '--data.retention=1h']);
    for (const path of ['/-/ready', '/-/healthy']) {
      const answer = await fetch(server.url + path);
      expect([answer.status, await answer.text()]).toEqual([200, 'OK']);
    }
    expect((await fetch(`${server.url}/`)).status).toBe(200);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('signalbox_');
    expect(server.log).toContainEqual(expect.objectContaining({ event: 'flags.ignored', flags: ['data.retention'] }));
    await writeFile(server.file, 'route: { receiver: other }\nreceivers: [{ name: other }]');
    await server.reload();
    expect(await (await fetch(`${server.url}/api/v2/receivers`)).json()).toEqual([{ name: 'other' }]);
  });

  it('goes on with what it has when the new configuration cannot be used, and says why', async () => {
    await using server = await start(plain);
    await writeFile(server.file, 'route: { receiver: gone }');
    const answer = await fetch(`${server.url}/-/reload`, { method: 'POST' });
    expect([answer.status, await answer.text()]).toEqual([
      500,
      'failed to reload config: route {}: undefined receiver "gone" used in route\n',
    ]);
    expect(await (await fetch(`${server.url}/api/v2/receivers`)).json()).toEqual([{ name: 'none' }]);
  });

  it('does not start with a configuration that cannot be used', async () => {
    await expect(start('route: {}')).rejects.toThrow('root route must specify a default receiver');
  });

  it('lies under a prefix, and shows itself as a cluster of one', async () => {
    await using server = await start(plain, [
      '--web.external-url',
      'http://example.org/am/',
      '--cluster.listen-address',
      '127.0.0.1:9094',
    ]);
    expect(server.url).toMatch(/\/am$/);
    const status = (await (await fetch(`${server.url}/api/v2/status`)).json()) as {
      cluster: { status: string; peers: unknown[] };
    };
    expect(status.cluster).toMatchObject({ status: 'ready', peers: [{ address: '127.0.0.1:9094' }] });
    expect((await fetch(`${server.url}/-/ready`)).status).toBe(200);
  });
});
