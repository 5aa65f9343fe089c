import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gzipSync, brotliCompressSync, deflateSync } from 'node:zlib';
import { waitFor } from '@signalbox/test-kit';
import { postJson, startHarness, writer, type Harness } from './harness.ts';

describe('mountRoute, when it goes well', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  it('answers with the status, the headers and no more than the members of the contract', async () => {
    const answer = await postJson(`${harness.url}/api/v1/notes`, '{"text":"hello"}', writer);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe('/api/v1/notes/note_046');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({ id: 'note_046', text: 'hello' });
  });

  it('gives the handler defaults, numbers and the parameters of the path', async () => {
    const page = (await (await fetch(`${harness.url}/api/v1/notes?limit=2`, { headers: writer })).json()) as {
      data: { id: string }[];
      page_info: { limit: number };
    };
    expect(page.data.map(({ id }) => id)).toEqual(['note_001', 'note_002']);
    expect(page.page_info.limit).toBe(2);
    const byDefault = (await (await fetch(`${harness.url}/api/v1/notes`, { headers: writer })).json()) as typeof page;
    expect(byDefault.page_info.limit).toBe(20);
    const note = await fetch(`${harness.url}/api/v1/notes/note_007`, { headers: writer });
    expect(await note.json()).toEqual({ id: 'note_007', text: 'text 7' });
  });

  it('LA-13: walks a list by its Link header, forwards and back, filters kept', async () => {
    const follow = async (target: string): Promise<{ ids: string[]; links: Map<string, string> }> => {
      const answer = await fetch(harness.url + target, { headers: writer });
      const { data } = (await answer.json()) as { data: { id: string }[] };
      const links = new Map(
        (answer.headers.get('link') ?? '').split(', ').map((link) => {
          const [, address = '', relation = ''] = /^<([^>]+)>; rel="(\w+)"$/.exec(link) ?? [];
          return [relation, address];
        }),
      );
      return { ids: data.map(({ id }) => id), links };
    };
    const seen: string[] = [];
    let page = await follow('/api/v1/notes?limit=10&word=x');
    const first = page.ids;
    for (;;) {
      seen.push(...page.ids);
      const next = page.links.get('next');
      if (next === undefined) break;
      expect(next).toContain('word=x');
      page = await follow(next);
    }
    expect(seen).toHaveLength(45);
    expect(new Set(seen).size).toBe(45);
    for (;;) {
      const previous = page.links.get('prev');
      if (previous === undefined) break;
      page = await follow(previous);
    }
    expect(page.ids).toEqual(first);
  });

  it('answers 204 with nothing at all', async () => {
    const answer = await fetch(`${harness.url}/api/v1/notes/note_001`, { method: 'DELETE', headers: writer });
    expect(answer.status).toBe(204);
    expect(await answer.text()).toBe('');
  });

  it('answers HEAD like GET, without the body', async () => {
    const answer = await fetch(`${harness.url}/api/v1/notes/note_001`, { method: 'HEAD', headers: writer });
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(10);
    expect(await answer.text()).toBe('');
  });

  it('lets the last parameter take the rest of the path where the contract says so', async () => {
    const answer = await fetch(`${harness.url}/v1/models/signalbox/extractive`);
    expect(await answer.json()).toEqual({ id: 'signalbox/extractive' });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('inflates %s', async (encoding, compress) => {
    const body = new Uint8Array(compress('{"text":"packed"}'));
    const answer = await postJson(`${harness.url}/api/v1/notes`, body, { ...writer, 'content-encoding': encoding });
    expect(await answer.json()).toMatchObject({ text: 'packed' });
  });

  it('takes an identity’s request id and says it in the answer and in every line', async () => {
    const answer = await fetch(`${harness.url}/api/v1/notes`, { headers: { ...writer, 'x-request-id': 'req_one' } });
    expect(answer.headers.get('x-request-id')).toBe('req_one');
    await waitFor(() => harness.log.some((line) => line['request_id'] === 'req_one'));
    expect(harness.log.find((line) => line['request_id'] === 'req_one')).toMatchObject({
      event: 'http.request',
      method: 'GET',
      route: '/api/v1/notes',
      status: 200,
      tenant_id: 'acme',
      principal_id: 'key_of_acme',
    });
  });

  it('continues the caller’s trace, and starts one where there is none', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await fetch(`${harness.url}/api/v1/notes/a`, { headers: { traceparent, 'x-request-id': 'req_traced' } });
    await fetch(`${harness.url}/api/v1/notes/a`, {
      headers: { traceparent: 'nonsense', 'x-request-id': 'req_untraced' },
    });
    const lineOf = (requestId: string) => harness.log.find((line) => line['request_id'] === requestId);
    await waitFor(() => lineOf('req_untraced') !== undefined && lineOf('req_traced') !== undefined);
    expect(lineOf('req_traced')?.['trace_id']).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(lineOf('req_traced')?.['span_id']).not.toBe('b7ad6b7169203331');
    expect(lineOf('req_untraced')?.['trace_id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('LA-8: counts by route template, never by path', async () => {
    await fetch(`${harness.url}/api/v1/notes/note_002`, { headers: writer });
    await fetch(`${harness.url}/nowhere/${'x'.repeat(30)}`);
    await waitFor(async () => (await harness.metrics.text()).includes('endpoint="unmatched",status_code="404"'));
    const text = await harness.metrics.text();
    expect(text).toContain('http_requests_total{method="GET",endpoint="/api/v1/notes/{id}",status_code="200"}');
    expect(text).toContain('error_type="NOT_FOUND"');
    expect(text).not.toContain('note_002');
    expect(text).not.toContain('xxxx');
  });

  it('OD-19: 200 requests at once get their own ids and their own callers, and nobody else’s', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, number) => {
        const headers = {
          'x-test-caller': `t${String(number)}:documents:write`,
          'x-request-id': `req_p${String(number)}`,
        };
        const answer = await postJson(
          `${harness.url}/api/v1/notes`,
          JSON.stringify({ text: `n${String(number)}` }),
          headers,
        );
        return { id: answer.headers.get('x-request-id'), body: (await answer.json()) as { text: string } };
      }),
    );
    answers.forEach(({ id, body }, number) => {
      expect(id).toBe(`req_p${String(number)}`);
      expect(body.text).toBe(`n${String(number)}`);
    });
    const lines = (): Record<string, unknown>[] =>
      harness.log.filter((line) => /^req_p\d+$/.test(String(line['request_id'])));
    await waitFor(() => lines().length === 200);
    for (const line of lines()) expect(`req_p${String(line['tenant_id']).slice(1)}`).toBe(line['request_id']);
  });

  it('fires the signal of a handler whose client went away, and logs it as 499 or as cut', async () => {
    const client = new AbortController();
    const answer = await fetch(`${harness.url}/api/v1/ticks/wait`, {
      signal: client.signal,
      headers: { 'x-request-id': 'req_gone' },
    });
    await answer.body?.getReader().read();
    client.abort();
    await waitFor(() => harness.seen.includes('wait:aborted'));
    await waitFor(() => harness.log.some((line) => line['request_id'] === 'req_gone'));
    expect(harness.log.find((line) => line['request_id'] === 'req_gone')).toMatchObject({ aborted: true });
  });
});
