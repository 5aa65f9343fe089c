import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NotFoundError } from 'openai';
import { officialClients } from './official-clients.ts';
import { startTestRouter, type TestRouter } from './harness.ts';

let router: TestRouter;
beforeAll(async () => {
  router = await startTestRouter({
    providers: [
      {
        settings: {
          name: 'dark',
          kind: 'openai_compatible',
          base_url: 'http://127.0.0.1:9/v1',
          api_key_env: 'DARK_API_KEY',
          models: ['gpt-dark'],
        },
        apiKey: null,
      },
      {
        settings: { name: 'twin', kind: 'openai_compatible', base_url: 'http://127.0.0.1:9/v1', models: ['small'] },
        apiKey: null,
      },
    ],
  });
});
afterAll(async () => {
  await router[Symbol.asyncDispose]();
});

const messages = [{ role: 'user', content: 'Hello?' }];
const errorOf = async (response: Response) => ((await response.json()) as { error: Record<string, unknown> }).error;

describe('models', () => {
  it('lists to the official client what can be asked, and nothing else', async () => {
    const ids = [];
    for await (const model of router.openai().models.list()) ids.push(model.id);
    expect(ids).toEqual(['signalbox/extractive', 'sim/small', 'sim/org/large', 'twin/small']);
  });

  it.each(['signalbox/extractive', 'sim/org/large', 'signalbox%2Fextractive', 'extractive'])(
    'gets one by its name with slashes: %s',
    async (name) => {
      const response = await router.fetch(`/v1/models/${name}`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ object: 'model' });
    },
  );

  it('gets one for the official client, which escapes the slash', async () => {
    expect(await router.openai().models.retrieve('signalbox/extractive')).toMatchObject({
      id: 'signalbox/extractive',
      owned_by: 'signalbox',
    });
    await expect(router.openai().models.retrieve('no/such')).rejects.toThrow(NotFoundError);
  });
});

describe('models for Anthropic’s clients', () => {
  const anthropic = (path: string) =>
    router.fetch(path, { headers: { 'anthropic-version': '2023-06-01', 'content-type': 'application/json' } });

  it('are listed in their shape, page by page, in both directions', async () => {
    expect(await (await anthropic('/v1/models')).json()).toEqual({
      data: ['signalbox/extractive', 'sim/small', 'sim/org/large', 'twin/small'].map((id) => ({
        ...{ type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00Z' },
      })),
      has_more: false,
      first_id: 'signalbox/extractive',
      last_id: 'twin/small',
    });
    const ids = async (query: string) => {
      const page = (await (await anthropic(`/v1/models?${query}`)).json()) as {
        data: { id: string }[];
        has_more: boolean;
      };
      return [...page.data.map(({ id }) => id), page.has_more];
    };
    expect(await ids('limit=3')).toEqual(['signalbox/extractive', 'sim/small', 'sim/org/large', true]);
    expect(await ids('limit=3&after_id=sim%2Forg%2Flarge')).toEqual(['twin/small', false]);
    expect(await ids('limit=1&before_id=sim%2Forg%2Flarge')).toEqual(['sim/small', true]);
    expect(await ids('after_id=nobody')).toEqual([false]);
  });

  it('are all found by the official client, one by one and alone', async () => {
    const client = officialClients(router).anthropic;
    const found: string[] = [];
    for await (const { id, type } of client.models.list({ limit: 1 })) found.push(`${type} ${id}`);
    expect(found).toEqual(
      ['signalbox/extractive', 'sim/small', 'sim/org/large', 'twin/small'].map((id) => `model ${id}`),
    );
    expect(await client.models.retrieve('sim/small')).toMatchObject({ type: 'model', id: 'sim/small' });
    const absent = client.models.retrieve('no/such').catch((error: unknown) => error);
    expect(await absent).toMatchObject({ status: 404, error: { type: 'error', error: { type: 'not_found_error' } } });
  });

  it('have pages for nobody else: OpenAI’s list is whole', async () => {
    const refused = await router.fetch('/v1/models?limit=1');
    expect([refused.status, (await errorOf(refused))['param']]).toEqual([400, 'limit']);
  });
});

describe('a model that cannot be asked', () => {
  it('is 404 model_not_found when nobody has it', async () => {
    const response = await router.ask({ model: 'gpt-99', messages });
    expect(response.status).toBe(404);
    expect(await errorOf(response)).toMatchObject({ code: 'model_not_found', param: 'model' });
  });

  it('is refused with the candidates when a bare name fits several providers', async () => {
    const response = await router.ask({ model: 'small', messages });
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ code: 'model_ambiguous' });
    expect((await errorOf(await router.ask({ model: 'small', messages })))['message']).toContain(
      'sim/small, twin/small',
    );
  });

  it('is 503 when its provider lacks its key: said plainly, not to be repeated, never answered by another', async () => {
    for (const model of ['dark/gpt-dark', 'gpt-dark']) {
      const response = await router.ask({ model, messages });
      expect(response.status).toBe(503);
      expect(response.headers.get('x-should-retry')).toBe('false');
      expect(await errorOf(response)).toMatchObject({ code: 'provider_not_configured' });
    }
    expect((await router.fetch('/v1/models/dark/gpt-dark')).status).toBe(404);
    expect(router.provider.requests).toEqual([]);
  });

  it('degrades the service’s health by name and stops nothing (OD-23)', async () => {
    const response = await fetch(`${router.adminUrl}/health/ready`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: 'degraded',
      components: {
        provider_dark: { status: 'degraded', error: 'not_configured' },
        provider_signalbox: { status: 'healthy' },
        provider_sim: { status: 'healthy' },
        postgres: { status: 'healthy' },
      },
    });
  });
});
