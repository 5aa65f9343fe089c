import { randomBytes } from 'node:crypto';
import type { CacheNamespaceState, Routing } from '@signalbox/contracts';
import type { CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { simulateEmbeddings, testStore, waitFor, type SimulatedEmbeddings } from '@signalbox/test-kit';
import { ChromaClient, type Collection } from 'chromadb';
import { SemanticCacheSettings } from '../src/cache/semantic-settings.ts';
import { startTestRouter, type TestRouter, type TestRouterOptions } from './harness.ts';

export interface SemanticRouter extends TestRouter {
  embeddings: SimulatedEmbeddings;
  /** Asks at temperature 0 for an answer to a question that is like another. */
  askLike(text: string, more?: Record<string, unknown>, caller?: CallerIdentity): Promise<LikeAnswer>;
  /** What the caller has in one namespace of the cache. */
  cacheState(namespace: string, caller?: CallerIdentity): Promise<CacheNamespaceState | undefined>;
  /** Waits until so many questions of a caller are in the index: nobody else waits for that. */
  indexed(entries: number, caller?: CallerIdentity): Promise<void>;
}

export interface LikeAnswer {
  status: number;
  cache: string | null;
  semantic: string | null;
  costUsd: string | null;
  requestId: string;
  text: string;
  body: { routing?: Routing };
}

export interface SemanticOptions extends TestRouterOptions {
  settings?: Partial<SemanticCacheSettings>;
  chromaUrl?: string | null;
  embeddings?: SimulatedEmbeddings;
}

/** A router with a semantic cache; texts are as alike as they have words in common. */
export async function startSemanticRouter(options: SemanticOptions = {}): Promise<SemanticRouter> {
  const embeddings = options.embeddings ?? (await simulateEmbeddings());
  const prefix = options.prefix ?? `test-${randomBytes(6).toString('hex')}`;
  const embed = {
    name: 'embed',
    kind: 'openai_compatible',
    base_url: embeddings.url,
    models: ['words'],
    model_facts: { words: { prices: { input: '1', output: '0' } } },
  };
  const router = await startTestRouter({
    ...options,
    prefix,
    providers: [{ settings: embed, apiKey: 'sk-embed' }, ...(options.providers ?? [])],
    config: {
      // What is asserted of a hit is true only where Redis has the time to give it.
      redisTimeoutMs: 5_000,
      chromaUrl: options.chromaUrl === undefined ? testStore('SIGNALBOX_TEST_CHROMA_URL') : options.chromaUrl,
      semanticCache: SemanticCacheSettings.parse({
        embedding_model: 'embed/words',
        threshold: 0.8,
        timeout_ms: 20_000,
        ...options.settings,
      }),
      ...options.config,
    },
  });
  const admin = (caller: CallerIdentity): CallerIdentity => ({
    ...caller,
    principal: { ...caller.principal, scopes: ['admin'] },
  });

  const cacheState: SemanticRouter['cacheState'] = async (namespace, caller = router.caller) => {
    const answer = await router.fetch('/api/v1/cache', {}, admin(caller));
    const { data } = (await answer.json()) as { data: CacheNamespaceState[] };
    return data.find((each) => each.namespace === namespace);
  };
  return {
    ...router,
    embeddings,
    cacheState,
    async askLike(text, { signalbox, ...more } = {}, caller = router.caller) {
      const response = await router.fetch(
        '/v1/chat/completions',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            model: 'sim/small',
            temperature: 0,
            messages: [{ role: 'user', content: text }],
            ...more,
            signalbox: { semantic_cache: true, ...(signalbox as object | undefined) },
          }),
        },
        { ...caller, requestId: newId('req') },
      );
      const answer = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return {
        status: response.status,
        cache: response.headers.get('x-signalbox-cache'),
        semantic: response.headers.get('x-signalbox-semantic-cache'),
        costUsd: response.headers.get('x-signalbox-cost-usd'),
        requestId: response.headers.get('x-request-id') ?? '',
        text: answer,
        body: isJson ? (JSON.parse(answer) as LikeAnswer['body']) : {},
      };
    },
    async indexed(entries, caller) {
      await waitFor(async () => (await cacheState('semantic', caller))?.entries === entries);
    },
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]();
      if (options.embeddings === undefined) await embeddings[Symbol.asyncDispose]();
      if (options.chromaUrl === undefined) await deleteCollections(prefix);
    },
  };
}

/** A router's own, in the Chroma of all tests. */
export async function collectionsOf(prefix: string): Promise<Collection[]> {
  const all = await testChroma().listCollections({ limit: 1_000 });
  return all.filter(({ name }) => name.startsWith(prefix));
}

/** Those of a replica may be gone already. */
export async function deleteCollections(prefix: string): Promise<void> {
  for (const { name } of await collectionsOf(prefix)) {
    await testChroma()
      .deleteCollection({ name })
      .catch(() => undefined);
  }
}

function testChroma(): ChromaClient {
  const { hostname, port } = new URL(testStore('SIGNALBOX_TEST_CHROMA_URL'));
  return new ChromaClient({ host: hostname, port: Number(port), ssl: false });
}
