import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.ts';

const secret = Buffer.alloc(32, 7).toString('base64url');
const env = {
  PORT: '0',
  ADMIN_PORT: '0',
  DATABASE_URL: 'postgres://a:hidden@127.0.0.1/x',
  REDIS_QUEUE_URL: 'redis://127.0.0.1',
  IDENTITY_KEYS: `chat-router:k1:${secret}`,
};

async function withProviders(yaml: string, more: Record<string, string> = {}) {
  const path = join(await mkdtemp(join(tmpdir(), 'signalbox-providers-')), 'providers.yaml');
  await writeFile(path, yaml);
  return readConfig({ ...env, ...more, PROVIDERS_FILE: path });
}

const provider = `
  - name: local
    kind: openai_compatible
    base_url: http://127.0.0.1:11434/v1
    models: [llama3.2]`;

describe('the settings (R24)', () => {
  it('need no provider', async () => {
    expect(await readConfig(env)).toMatchObject({
      providers: [],
      redisTimeoutMs: 50,
      clientStalledMsMax: 60_000,
      shutdownGraceMs: 15_000,
    });
  });

  it('take providers from a file and their keys from the environment', async () => {
    const config = await withProviders(
      `providers:${provider}
  - name: openai
    kind: openai_compatible
    base_url: https://api.openai.com/v1
    api_key_env: OPENAI_API_KEY
    models: [gpt-5]
    timeouts: { first_token_ms: 5000 }`,
      { OPENAI_API_KEY: 'sk-x' },
    );
    expect(config.providers).toMatchObject([
      { settings: { name: 'local', timeouts: { idle_ms: 30_000 } }, apiKey: null },
      { settings: { name: 'openai', timeouts: { first_token_ms: 5_000 } }, apiKey: 'sk-x' },
    ]);
  });

  it('have a semantic cache where the file asks for one, with a model of the file', async () => {
    expect(await readConfig(env)).toMatchObject({ chromaUrl: null, semanticCache: null });
    const config = await withProviders(
      `providers:${provider}\nsemantic_cache: { embedding_model: local/llama3.2, threshold: 0.9 }`,
      { CHROMA_URL: 'http://127.0.0.1:8000' },
    );
    expect(config).toMatchObject({
      chromaUrl: 'http://127.0.0.1:8000',
      semanticCache: { embedding_model: 'local/llama3.2', threshold: 0.9, by_default: false, ttl_seconds: 300 },
    });
    for (const settings of [
      '{ embedding_model: local/other }',
      '{ embedding_model: llama3.2 }',
      '{ threshold: 0.9 }',
    ]) {
      await expect(withProviders(`providers:${provider}\nsemantic_cache: ${settings}`)).rejects.toThrow(
        /semantic_cache.*embedding_model/s,
      );
    }
  });

  it('can be read from the example that is shipped', async () => {
    const example = await readFile(join(import.meta.dirname, '../../providers.example.yaml'), 'utf8');
    expect((await withProviders(example)).semanticCache).toMatchObject({ threshold: 0.95 });
  });

  it('name every bad variable at once and print no value', async () => {
    const bad = readConfig({ ...env, PORT: 'eighty', IDENTITY_KEYS: 'chat-router:k1:c2hvcnQ', DATABASE_URL: 'hidden' });
    const error = await bad.then(
      () => null,
      (thrown: unknown) => thrown as Error,
    );
    for (const name of ['PORT', 'IDENTITY_KEYS', 'DATABASE_URL']) expect(error?.message).toContain(name);
    for (const value of ['eighty', 'c2hvcnQ', 'hidden']) expect(error?.message).not.toContain(value);
  });

  it.each([
    ['an unknown member', `providers:${provider}\n    retries: 3`],
    ['an unknown kind', `providers:${provider.replace('openai_compatible', 'magic')}`],
    ['two of one name', `providers:${provider}${provider}`],
    ['the built-in’s name', `providers:${provider.replace('local', 'signalbox')}`],
    ['no models', `providers:${provider.replace('[llama3.2]', '[]')}`],
    ['an address that is none', `providers:${provider.replace('http://127.0.0.1:11434/v1', 'file:///etc/passwd')}`],
    ['a password in the address', `providers:${provider.replace('127.0.0.1', 'me:secret@127.0.0.1')}`],
    ['a variable that holds no key', `providers:${provider}\n    api_key_env: DATABASE_URL`],
    ['no list', 'openai: yes'],
  ])('refuse a file with %s', async (_name, yaml) => {
    await expect(withProviders(yaml)).rejects.toThrow(/providers/);
  });
});
