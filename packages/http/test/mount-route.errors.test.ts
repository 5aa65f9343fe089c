import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Problem } from '@signalbox/contracts';
import { waitFor } from '@signalbox/test-kit';
import { gunzipSync, gzipSync } from 'node:zlib';
import { postJson, rawExchange, secret, startHarness, writer, type Harness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness[Symbol.asyncDispose]());

async function problemOf(answer: Response): Promise<Problem> {
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = Problem.parse(await answer.json());
  expect(problem.status).toBe(answer.status);
  expect(problem.request_id).toBe(answer.headers.get('x-request-id'));
  return problem;
}

const notes = (): string => `${harness.url}/api/v1/notes`;

describe('OD-9: a request that is not what the contract says', () => {
  it.each([
    ['a missing member', '{}', 'text', 'Expected string; it is missing.'],
    ['a wrong type', '{"text":1}', 'text', 'Expected string.'],
    ['a number out of range', '{"text":"a","size":0}', 'size', 'Too small: expected number to be >=1.'],
    ['a member nobody knows', '{"text":"a","tenant_id":"b"}', 'tenant_id', 'Expected nothing of this name.'],
    [
      'a mistake deep inside',
      '{"text":"a","tags":[{"name":"a"},{"name":"z"}]}',
      'tags.1.name',
      'Invalid option: expected one of "a"|"b".',
    ],
    ['no JSON', '{"text":', '', 'Expected JSON.'],
    ['null', 'null', '', 'Expected object.'],
  ])('%s is a 400 that names the place', async (_what, body, path, message) => {
    const problem = await problemOf(await postJson(notes(), body, writer));
    expect(problem).toMatchObject({
      status: 400,
      error_code: 'VALIDATION_ERROR',
      instance: '/api/v1/notes',
      type: 'urn:signalbox:error:validation-failed',
    });
    expect(problem.errors).toContainEqual({ path, message });
  });

  it('an absent body is told as what was expected', async () => {
    const problem = await problemOf(await fetch(notes(), { method: 'POST', headers: writer }));
    expect(problem.errors).toEqual([{ path: '', message: 'Expected object; it is missing.' }]);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/jsonp',
    '',
  ])('content type %j is a 415', async (contentType) => {
    const problem = await problemOf(
      await postJson(notes(), '{"text":"a"}', { ...writer, 'content-type': contentType }),
    );
    expect(problem.status).toBe(415);
  });

  it.each([
    'application/json',
    'Application/JSON; Charset="UTF-8"',
    'application/merge-patch+json',
    'application/json;charset=utf-8',
  ])('content type %j is JSON', async (contentType) => {
    expect((await postJson(notes(), '{"text":"a"}', { ...writer, 'content-type': contentType })).status).toBe(201);
  });

  it('an encoding nobody knows is a 415, a broken one a 400', async () => {
    expect((await problemOf(await postJson(notes(), '{}', { ...writer, 'content-encoding': 'zstd' }))).status).toBe(
      415,
    );
    expect((await problemOf(await postJson(notes(), '{}', { ...writer, 'content-encoding': 'gzip' }))).status).toBe(
      400,
    );
    const cut = new Uint8Array(gzipSync('{"text":"a"}').subarray(0, 20));
    expect((await problemOf(await postJson(notes(), cut, { ...writer, 'content-encoding': 'gzip' }))).status).toBe(400);
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=abc',
    'limit=1.5',
    'limit=',
    'limit=1&limit=2',
    'page=2',
    'cursor=abc',
    'word=%00',
    'a[__proto__][x]=1',
    '__proto__=1',
    'constructor=1',
  ])('LA-13: the query %s is a 400', async (query) => {
    expect((await problemOf(await fetch(`${notes()}?${query}`, { headers: writer }))).status).toBe(400);
  });

  it('a body where none belongs is a 400, and a path that is no UTF-8 too', async () => {
    const answer = await fetch(`${notes()}/note_001`, {
      method: 'DELETE',
      body: '{}',
      headers: { ...writer, 'content-type': 'application/json' },
    });
    expect((await problemOf(answer)).errors).toEqual([{ path: '', message: 'Expected no body.' }]);
    expect((await problemOf(await fetch(`${notes()}/%ff`, { headers: writer }))).status).toBe(400);
    expect((await problemOf(await fetch(`${notes()}/%zz`, { headers: writer }))).status).toBe(400);
    expect((await problemOf(await fetch(`${notes()}/a%00b`, { headers: writer }))).status).toBe(400);
  });

  it('a body that ends early ends the request, and the server goes on', async () => {
    const text = await rawExchange(
      harness.port,
      'POST /api/v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\nzz\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect((await fetch(`${harness.url}/v1/models/a`)).status).toBe(200);
  });
});

describe('OD-9, S1: bodies that are too large', () => {
  it('are refused from their length alone, before a byte of them has come', async () => {
    const head = `POST /api/v1/notes HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Test-Caller: ${writer['x-test-caller']}\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n`;
    expect(await rawExchange(harness.port, head)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('give their clients time to read the answer, and the connection back', async () => {
    const problem = await problemOf(await postJson(notes(), `"${'a'.repeat(10_000_000)}"`, writer));
    expect(problem).toMatchObject({ status: 413, error_code: 'PAYLOAD_TOO_LARGE', bytes_max: 65_536 });
  });

  it('are refused while they arrive when they do not say their length', async () => {
    const stream = new ReadableStream({
      start(controller) {
        for (let chunk = 0; chunk < 100; chunk += 1) controller.enqueue(new TextEncoder().encode('a'.repeat(10_000)));
        controller.close();
      },
    });
    const answer = await fetch(notes(), {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: { ...writer, 'content-type': 'application/json' },
    });
    expect((await problemOf(answer)).status).toBe(413);
  });

  it('are counted while they are inflated: 50 kB of gzip that would become 50 MB are given up long before', async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(50_000_000, 0x20)));
    expect(bomb.length).toBeLessThan(65_536);
    const times = 20;
    const memory = process.memoryUsage.rss();
    let cpu = process.cpuUsage();
    const answers = await Promise.all(
      Array.from({ length: times }, () => postJson(notes(), bomb, { ...writer, 'content-encoding': 'gzip' })),
    );
    const spent = process.cpuUsage(cpu).user;
    const grown = process.memoryUsage.rss() - memory;
    for (const answer of answers) expect((await problemOf(answer)).status).toBe(413);
    // How fast this machine is, and how busy, is in both sides of the comparison: client and server against inflating alone.
    cpu = process.cpuUsage();
    for (let count = 0; count < times; count += 1) gunzipSync(bomb);
    expect(spent).toBeLessThan(process.cpuUsage(cpu).user / 2);
    expect(grown).toBeLessThan((times * 50_000_000) / 3);
  });
});

describe('LA-6: every error is a problem document', () => {
  it('404 for what is not there', async () => {
    expect(await problemOf(await fetch(`${harness.url}/api/v1/nothing?key=${secret}`))).toMatchObject({
      status: 404,
      error_code: 'NOT_FOUND',
      instance: '/api/v1/nothing',
    });
    expect(await problemOf(await fetch(`${notes()}/note_999`, { headers: writer }))).toMatchObject({ status: 404 });
  });

  it('405 with every method that the path knows', async () => {
    const answer = await fetch(notes(), { method: 'PUT', headers: writer });
    expect((await problemOf(answer)).error_code).toBe('METHOD_NOT_ALLOWED');
    expect(answer.headers.get('allow')).toBe('POST, GET, HEAD');
    const one = await fetch(`${notes()}/note_001`, { method: 'PATCH', headers: writer });
    expect(one.headers.get('allow')).toBe('GET, HEAD, DELETE');
  });

  it('paths are told apart by case and by the last slash', async () => {
    expect((await fetch(`${harness.url}/API/v1/notes`, { headers: writer })).status).toBe(404);
    expect((await fetch(`${notes()}/`, { headers: writer })).status).toBe(404);
  });

  it('a thrown error is a 500 that tells nothing, and a log line that tells all', async () => {
    const answer = await fetch(`${harness.url}/api/v1/break/throw`, { headers: { 'x-request-id': 'req_boom' } });
    const problem = await problemOf(answer);
    expect(problem).toMatchObject({ status: 500, error_code: 'INTERNAL', request_id: 'req_boom' });
    expect(JSON.stringify(problem)).not.toMatch(/canary|SELECT|srv|\.ts/);
    await waitFor(() =>
      harness.log.some((line) => line['event'] === 'http.failed' && line['request_id'] === 'req_boom'),
    );
  });

  it('an answer that its contract does not know is a 500, and its values stay inside', async () => {
    const problem = await problemOf(await fetch(`${harness.url}/api/v1/break/contract`));
    expect(problem.status).toBe(500);
    await waitFor(() =>
      harness.log.some((line) => JSON.stringify(line).includes('breakThings answers what its contract does not say')),
    );
    expect(
      JSON.stringify(problem) +
        JSON.stringify(harness.log.filter((line) => JSON.stringify(line).includes('breakThings'))),
    ).not.toContain(secret);
  });

  it('says when to come back', async () => {
    const limited = await fetch(`${harness.url}/api/v1/break/limited`);
    expect(limited.headers.get('retry-after')).toBe('2');
    expect(await problemOf(limited)).toMatchObject({ status: 429, detail: 'Slow down.' });
    const unavailable = await fetch(`${harness.url}/api/v1/break/unavailable`);
    expect(unavailable.headers.get('retry-after')).toBe('1');
    expect(JSON.stringify(await problemOf(unavailable))).not.toContain('canary');
  });

  it('carries details, which cannot forge what is standard', async () => {
    expect(await problemOf(await fetch(`${harness.url}/api/v1/break/conflict`))).toMatchObject({
      status: 409,
      detail: 'It is so already.',
      name: 'x',
    });
  });

  it('on an OpenAI-shaped path has OpenAI’s shape, even where nothing is mounted', async () => {
    const answer = await fetch(`${harness.url}/v1/models/${'m'.repeat(101)}`);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({
      error: {
        message: 'The request is not valid. model: Too big: expected string to have <=100 characters.',
        type: 'invalid_request_error',
        param: 'model',
        code: 'validation_failed',
      },
    });
    const nothing = await fetch(`${harness.url}/v1/nothing`);
    expect(await nothing.json()).toMatchObject({ error: { type: 'not_found_error' } });
    const anthropic = await fetch(`${harness.url}/v1/messages`, { method: 'POST' });
    expect(await anthropic.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  });
});
