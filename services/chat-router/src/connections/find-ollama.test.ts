import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import type { Outbound, OutboundResponse } from '@signalbox/outbound';
import { createOllamaFinder } from './find-ollama.ts';

function answering(body: string | Error, status = 200) {
  const asked: string[] = [];
  const outbound: Pick<Outbound, 'request'> = {
    request: (url) => {
      asked.push(url);
      if (body instanceof Error) return Promise.reject(body);
      return Promise.resolve({ status, bytes: () => Promise.resolve(Buffer.from(body)) } as OutboundResponse);
    },
  };
  return { asked, outbound };
}

describe('an Ollama on this machine', () => {
  it('is found with its models, and not looked for again for half a minute', async () => {
    const { asked, outbound } = answering('{"models":[{"name":"llama3.2:latest"},{"name":"qwen3"}]}');
    let now = 0;
    const find = createOllamaFinder(outbound, { now: () => now });
    const found = { name: 'ollama', baseUrl: 'http://127.0.0.1:11434/v1', models: ['llama3.2:latest', 'qwen3'] };
    expect(await Promise.all([find(), find()])).toEqual([found, found]);
    expect(asked).toEqual(['http://127.0.0.1:11434/api/tags']);
    now = 30_001;
    await find();
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['nobody answers', new AppError('provider_failed')],
    ['it is not allowed', new AppError('validation_failed')],
    ['something else answers', '<html>'],
    ['something of another shape answers', '{"models":"many"}'],
  ])('is not found when %s', async (_name, body) => {
    expect(await createOllamaFinder(answering(body).outbound)()).toBeNull();
  });
});
