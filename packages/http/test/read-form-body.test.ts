import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import { isForm, readFormBody } from '../src/read-form-body.ts';

const bytesMax = 10_000;
let url: string;
const server = createServer((request, response) => {
  const answer = (body: unknown): void => void response.end(JSON.stringify(body));
  if (!isForm(request)) {
    answer('no form');
    return;
  }
  readFormBody(request, { bytesMax }).then(answer, (error: unknown) => {
    answer({ code: error instanceof AppError ? error.code : String(error) });
  });
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function send(body: RequestInit['body'], headers: Record<string, string> = {}): Promise<unknown> {
  return (await fetch(url, { method: 'POST', body: body ?? null, headers })).json();
}

const multipart = { 'content-type': 'multipart/form-data; boundary=x' };
const part = (name: string, value: string) =>
  `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

describe('a form (LA-15)', () => {
  it('is an object of its fields, with files as data URIs', async () => {
    const form = new FormData();
    form.set('text', 'grüße & 1=2');
    form.set('file', new Blob([new Uint8Array([0, 1, 255])], { type: 'image/png' }), 'a.png');
    form.set('other', new Blob(['x'], { type: 'no type' }), '../../etc/passwd');
    expect(await send(form)).toEqual({
      text: 'grüße & 1=2',
      file: 'data:image/png;base64,AAH/',
      other: expect.stringMatching(/^data:[\w/+.-]+;base64,eA==$/),
    });
  });

  it('is nothing else', async () => {
    expect(await send('{}', { 'content-type': 'application/json' })).toBe('no form');
    expect(await send('a=1', { 'content-type': 'multipart/form-data-not; boundary=x' })).toBe('no form');
  });

  it.each([
    ['no boundary', part('a', '1'), { 'content-type': 'multipart/form-data' }, 'validation_failed'],
    ['no end', part('a', '1'), multipart, 'validation_failed'],
    ['no parts', 'hello', multipart, 'validation_failed'],
    ['a field twice', `${part('a', '1')}${part('a', '2')}--x--\r\n`, multipart, 'validation_failed'],
    ['a NUL in a text', `${part('a', 'x\0y')}--x--\r\n`, multipart, 'validation_failed'],
    [
      'too many fields',
      `${Array.from({ length: 60 }, (_, at) => part(`f${String(at)}`, '')).join('')}--x--\r\n`,
      multipart,
      'validation_failed',
    ],
    ['too many bytes', `${part('a', 'x'.repeat(bytesMax))}--x--\r\n`, multipart, 'payload_too_large'],
    ['a content encoding', gzipSync('x'), { ...multipart, 'content-encoding': 'gzip' }, 'unsupported_media_type'],
  ])('with %s is refused', async (_name, body, headers, code) => {
    expect(await send(body as string, headers)).toEqual({ code });
  });

  it('S12: with a field named __proto__ changes nothing but itself', async () => {
    const text = JSON.stringify(await send(`${part('__proto__', 'x')}--x--\r\n`, multipart));
    expect(text).toBe('{"__proto__":"x"}');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});
