import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join, normalize, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type * as Sdk from '@signalbox/sdk';
import { waitFor } from '@signalbox/test-kit';
import { transform } from '@swc/core';
import pg from 'pg';
import { chromium, type Browser, type Page } from 'playwright-core';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

const sources = resolve(import.meta.dirname, '../../packages/sdk/src');
const importMap = { imports: { '@signalbox/sdk': '/sdk/index.ts', '#platform': '/sdk/platform/browser.ts' } };
const pageText = `<!doctype html><title>A page</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify(importMap)}</script>`;

/** A page of another origin, with the SDK beside it: its sources without their types, as a bundler would serve them. */
async function servePage(): Promise<{ server: Server; origin: string }> {
  const server = createServer((request, response) => {
    void (async () => {
      const path = normalize(request.url ?? '/');
      if (!path.startsWith('/sdk/')) return response.writeHead(200, { 'content-type': 'text/html' }).end(pageText);
      const { code } = await transform(await readFile(join(sources, path.slice('/sdk/'.length)), 'utf8'), {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
      });
      return response.writeHead(200, { 'content-type': 'text/javascript' }).end(code);
    })().catch(() => response.writeHead(404).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const describeInChromium = chromiumPath === undefined ? describe.skip : describe;

describeInChromium('the SDK in a page, through the gateway (MX-20, MX-22, MX-23)', () => {
  let opened: OpenedMesh;
  let page: Page;
  let browser: Browser;
  let served: Awaited<ReturnType<typeof servePage>>;
  let options: { baseUrl: string; apiKey: string };
  const complaints: string[] = [];
  beforeAll(async () => {
    served = await servePage();
    opened = await openMesh({ limits: wideLimits, overrides: { gateway: { CORS_ORIGINS: served.origin } } });
    options = { baseUrl: opened.mesh.gatewayUrl, apiKey: opened.adminKey };
    browser = await chromium.launch({
      executablePath: chromiumPath ?? '',
      args: [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ],
    });
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(served.origin);
  });
  afterAll(async () => {
    await browser.close();
    await opened[Symbol.asyncDispose]();
    served.server.close();
    served.server.closeAllConnections();
  });

  async function storedIds(model: string): Promise<string[]> {
    const sql = new pg.Client(opened.mesh.postgresUrl);
    await sql.connect();
    try {
      const { rows } = await sql.query<{ request_id: string }>(
        'select request_id from monitoring_ingest.samples where model_id = $1',
        [model],
      );
      return rows.map(({ request_id: id }) => id).sort();
    } finally {
      await sql.end();
    }
  }

  it('streams a chat, sends a batch, and raises typed errors', async () => {
    const seen = await page.evaluate(async (given) => {
      const { createSignalbox, SignalboxError } = await import('@signalbox/sdk');
      const client = createSignalbox(given);
      let text = '';
      const messages = [{ role: 'user' as const, content: 'Only the signaller may change it. Who may change it?' }];
      for await (const chunk of client.chat.stream({ model: 'signalbox/extractive', messages }))
        text += chunk.choices[0]?.delta.content ?? '';
      const samples = ['a', 'b', 'c'].map((id) => ({
        model_id: 'in-a-page',
        model_type: 'other' as const,
        request_id: id,
        latency: id === 'b' ? -1 : 5,
      }));
      const outcome = await client.metrics.collectInferenceMetricsBatch(samples);
      const error = await client.keys.get('key_absent').catch((thrown: unknown) => thrown);
      const refused = error instanceof SignalboxError ? [error.status, error.errorCode, error.requestId] : [];
      await client.close();
      return { text, outcome, refused };
    }, options);
    expect(seen.text).toContain('Only the signaller may change it.');
    expect(seen.outcome).toMatchObject({ success: 2, failed: 1, errors: [{ index: 1 }] });
    expect(seen.refused).toEqual([404, 'NOT_FOUND', expect.stringMatching(/^req_/)]);
    expect(await storedIds('in-a-page')).toEqual(['a', 'c']);
    expect(complaints).toEqual([]);
  });

  it('opens its breaker where nobody answers', async () => {
    const kinds = await page.evaluate(async (given) => {
      const { createSignalbox } = await import('@signalbox/sdk');
      // Port 9 is refused by browsers themselves.
      const client = createSignalbox({ ...given, baseUrl: 'http://127.0.0.1:9', retry: { retries: 0 } });
      const all: unknown[] = [];
      for (let call = 0; call < 6; call += 1)
        all.push(await client.keys.list().catch((thrown: unknown) => (thrown as Sdk.SignalboxError).kind));
      return all;
    }, options);
    expect(kinds).toEqual([...Array<string>(5).fill('connection'), 'circuit_open']);
  });

  it('sends what is buffered when its user goes elsewhere', async () => {
    await page.evaluate(async (given) => {
      const { createSignalbox } = await import('@signalbox/sdk');
      const { metrics } = createSignalbox(given);
      metrics.enableBuffering({ flushEveryMs: 3_600_000 });
      for (const id of ['1', '2', '3'])
        metrics.record({ model_id: 'left-behind', model_type: 'other', request_id: id, latency: 5 });
    }, options);
    await page.goto('about:blank');
    await waitFor(async () => (await storedIds('left-behind')).length === 3);
    expect(await storedIds('left-behind')).toEqual(['1', '2', '3']);
  });
});
