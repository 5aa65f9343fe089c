import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { Validator } from '@seriousme/openapi-schema-validator';
import { allRoutes } from '@signalbox/contracts';
import { chromium, type Browser } from 'playwright-core';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';
import { pathOf, readOperations, type Operations } from '../operations.ts';

let opened: OpenedMesh;
let operations: Operations;
beforeAll(async () => {
  opened = await openMesh({ limits: wideLimits });
  operations = await readOperations(opened);
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
});

describe('the one document of the whole mesh (OD-21, LA-7, CR-8)', () => {
  it('is valid OpenAPI 3.1, and names each thing that it refers to', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(operations.document) as never);
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    expect(validator.version).toBe('3.1');
    const text = JSON.stringify(operations.document);
    for (const [, name] of text.matchAll(/"\$ref":"([^"]+)"/g)) {
      const target = String(name)
        .split('/')
        .slice(1)
        .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], operations.document);
      expect([name, target]).toEqual([name, expect.any(Object)]);
    }
    const ids = operations.all.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names every route of every service, and none besides', () => {
    const told = operations.all.map(({ method, path }) => `${method} ${path}`);
    const mounted = allRoutes.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(told.sort()).toEqual(mounted.sort());
  });

  it('names both ways to show a credential at every protected operation, and none at a public one', () => {
    expect(operations.document.components.securitySchemes).toMatchObject({
      apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      bearer: { type: 'http', scheme: 'bearer' },
    });
    let isProtected = 0;
    for (const [path, methods] of Object.entries(operations.document.paths)) {
      for (const operation of Object.values(methods)) {
        const ways = (operation['security'] as object[]).flatMap((way) => Object.keys(way));
        expect([path, ways]).toEqual([path, ways.length === 0 ? [] : ['apiKey', 'bearer']]);
        const answers = Object.keys(operation['responses'] as object);
        expect([path, answers.includes('401')]).toEqual([path, ways.length > 0]);
        if (ways.length > 0) isProtected += 1;
      }
    }
    expect(isProtected).toBeGreaterThan(15);
  });

  it('describes nothing that is not there: every operation answers, from the service that it is of', async () => {
    for (const operation of operations.all) {
      const { operationId, method } = operation;
      const answer = await opened.ask(pathOf(operation, 'absent_00000000'), {
        method,
        ...(operation.bodySchema === null ? {} : { body: {} }),
      });
      const aboutTheId = answer.status === 404 && operation.path.includes('{');
      const told = `${operationId}: ${String(answer.status)} ${answer.text}`;
      // 415: a body that is no JSON is asked for. 422: so Alertmanager refuses.
      expect([told, answer.status < 400 || [400, 401, 415, 422].includes(answer.status) || aboutTheId]).toEqual([
        told,
        true,
      ]);
      if (!aboutTheId) continue;
      // What is absent is the thing and not the route: where no route is, another method is not known either.
      const known = new Set(operations.all.filter(({ path }) => path === operation.path).map((each) => each.method));
      const unknown = ['PUT', 'PATCH', 'POST'].find((each) => !known.has(each)) ?? 'TRACE';
      const other = await opened.ask(pathOf(operation, 'absent_00000000'), { method: unknown });
      expect([operationId, other.status, other.headers.get('allow')]).toEqual([
        operationId,
        405,
        expect.stringContaining(method),
      ]);
    }
  });

  it('answers a success in the shape that it describes', async () => {
    // A chat of a moment ago, so that no list is empty.
    const chat = { model: 'signalbox/extractive', messages: [{ role: 'user', content: 'One is one. What is one?' }] };
    const completed = await opened.ask('/v1/chat/completions', { body: chat });
    expect(completed.status).toBe(200);
    let checked = 0;
    // What cannot be asked without saying what for is asked in its own tests.
    const plain = operations.all.filter(
      ({ method, path, parameters }) =>
        method === 'GET' && !path.includes('{') && !parameters.some(({ required }) => required === true),
    );
    for (const operation of plain) {
      const answer = await opened.ask(operation.path);
      expect([operation.path, answer.status]).toEqual([operation.path, 200]);
      const described = operations.document.paths[operation.path]?.['get']?.['responses'] as Record<
        string,
        { content: Record<string, { schema: object }> }
      >;
      const [type] = answer.headers.get('content-type')?.split(';') ?? [];
      const contents = Object.entries(described['200']?.content ?? {});
      const schema = contents.find(([name]) => name.split(';', 1)[0] === type)?.[1].schema;
      expect([operation.path, type, schema]).toEqual([operation.path, type, expect.any(Object)]);
      if (type !== 'application/json') continue;
      expect([operation.path, missing(schema, answer.body)]).toEqual([operation.path, []]);
      checked += 1;
    }
    expect(checked).toBeGreaterThan(8);
  });

  /** Required members that an answer lacks, by their paths. */
  function missing(given: unknown, value: unknown, at = ''): string[] {
    const schema = operations.resolve(given);
    if (Array.isArray(value))
      return value.flatMap((item, index) => missing(schema['items'] ?? {}, item, `${at}/${index}`));
    if (typeof value !== 'object' || value === null) return [];
    const members = value as Record<string, unknown>;
    const required = (schema['required'] ?? []) as string[];
    return [
      ...required.filter((name) => !(name in members)).map((name) => `${at}/${name}`),
      ...Object.entries((schema['properties'] ?? {}) as Record<string, unknown>).flatMap(([name, member]) =>
        name in members ? missing(member, members[name], `${at}/${name}`) : [],
      ),
    ];
  }
});

const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const describeInChromium = chromiumPath === undefined ? describe.skip : describe;

describeInChromium('the pages to read it, in a browser (OD-21)', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: chromiumPath ?? '',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  afterAll(async () => {
    await browser.close();
  });

  it.each([
    ['/docs', '.opblock'],
    ['/redoc', '[data-section-id^="tag"] [data-section-id*="operation"], [id^="operation"]'],
  ])('%s shows every operation, loads only what is ours, and breaks no rule of its policy', async (path, operation) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    const complaints: string[] = [];
    const foreign: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => {
      complaints.push(error.message);
    });
    page.on('requestfailed', (request) => {
      complaints.push(`${request.url()} failed`);
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(opened.mesh.gatewayUrl) && !/^(data|blob):/.test(request.url()))
        foreign.push(request.url());
    });
    // A window in which all of it is in view: of many operations only those in view are drawn.
    await page.setViewportSize({ width: 1_200, height: 60_000 });
    const answer = await page.goto(opened.mesh.gatewayUrl + path);
    expect(answer?.status()).toBe(200);
    const first = page.locator(operation).first();
    await first.waitFor({ state: 'visible', timeout: 20_000 });
    const summaries = operations.all.map(
      ({ operationId }) =>
        Object.values(operations.document.paths)
          .flatMap((methods) => Object.values(methods) as { operationId: string; summary: string }[])
          .find((one) => one.operationId === operationId)?.summary ?? operationId,
    );
    // The page draws its operations one after the other, and a summary as Markdown.
    const plain = (text: string): string => text.replaceAll('`', '');
    let missing: string[] = [];
    await waitFor(
      async () => {
        const text = plain(await page.locator('body').innerText());
        missing = summaries.filter((summary) => !text.includes(plain(summary)));
        return missing.length === 0;
      },
      { timeoutMs: 20_000 },
    ).catch(() => undefined);
    expect([path, missing]).toEqual([path, []]);
    expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] });
    await page.close();
  });

  it('/docs asks an operation from the page itself, and shows its answer', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    await page.goto(`${opened.mesh.gatewayUrl}/docs`);
    const block = page.locator('.opblock', { hasText: 'What this is and where its documents are' }).first();
    await block.locator('.opblock-summary-control').click();
    await block.getByRole('button', { name: 'Try it out' }).click();
    await block.getByRole('button', { name: 'Execute' }).click();
    const answer = block.locator('.live-responses-table tbody .response-col_status').first();
    await answer.waitFor({ state: 'visible', timeout: 10_000 });
    expect(await answer.innerText()).toContain('200');
    await page.close();
  });
});
