import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alertFired, alertResolved } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { emit } from '@signalbox/postgres';
import { createEmitter } from '@signalbox/queue';
import { createTestDatabase, waitFor } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import { aCaller, audience, identityKeys, startTestRouter, type TestRouter } from './harness.ts';

const owned = new AsyncDisposableStack();
const models = ['sim/small', 'sim/org/large'];
let routers: TestRouter[];

beforeAll(async () => {
  const database = owned.use(await createTestDatabase({ service: audience, migrations }));
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  routers = [];
  for (let count = 0; count < 2; count += 1) routers.push(owned.use(await startTestRouter({ database, prefix })));
});
afterAll(() => owned.disposeAsync());

const emitter = createEmitter({ service: 'alerting', identityKeys });

interface Word {
  episode: number;
  labels?: Record<string, string>;
  model?: string | null;
}

async function tell(event: 'fired' | 'resolved', alertId: string, tenantId: string, word: Word): Promise<void> {
  const { episode, labels = { routing: 'avoid' }, model = 'sim/small' } = word;
  const principal = { kind: 'service', principalId: 'alerting', tenantId, scopes: [] } as const;
  const caller = { principal, requestId: newId('req') };
  const alert = {
    alert_id: alertId,
    fingerprint: '0123456789abcdef',
    episode,
    name: 'Drifting',
    model_id: model,
    alert_type: 'drift',
    severity: 'critical',
    message: 'It drifts.',
    labels,
    at: new Date().toISOString(),
  };
  const rows =
    event === 'fired'
      ? emitter.outboxRows(alertFired, alert, caller)
      : emitter.outboxRows(alertResolved, { ...alert, reason: 'condition' }, caller);
  await emit(routers[0]?.db.db ?? never(), rows);
}

function never(): never {
  throw new Error('there is no router');
}

/** Whom each router asks, and why. */
function asked(caller: ReturnType<typeof aCaller>): Promise<string[]> {
  return Promise.all(
    routers.map(async (router) => {
      const body = { messages: [{ role: 'user', content: 'Hello' }], model: models[0], signalbox: { models } };
      const answer = await router.fetch(
        '/v1/chat/completions',
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
        { ...caller, requestId: newId('req') },
      );
      await answer.arrayBuffer();
      return (answer.headers.get('x-signalbox-route') ?? '').split(';')[0] ?? '';
    }),
  );
}

async function untilAsked(caller: ReturnType<typeof aCaller>, model: string): Promise<void> {
  await waitFor(async () => (await asked(caller)).every((one) => one === model), { timeoutMs: 30_000 });
}

describe('the closed line: an alert that advises against a model', () => {
  it('has every router ask it last while it fires, and as before when it has ended', async () => {
    const caller = aCaller();
    const alertId = newId('alert');
    expect(await asked(caller)).toEqual(['sim/small', 'sim/small']);
    await tell('fired', alertId, caller.principal.tenantId, { episode: 1 });
    await untilAsked(caller, 'sim/org/large');
    expect(await asked(aCaller())).toEqual(['sim/small', 'sim/small']);
    await tell('resolved', alertId, caller.principal.tenantId, { episode: 1 });
    await untilAsked(caller, 'sim/small');
    // A late word of an episode that has ended, and then a new one.
    await tell('fired', alertId, caller.principal.tenantId, { episode: 1 });
    await tell('fired', alertId, caller.principal.tenantId, { episode: 2, model: 'org/large' });
    await untilAsked(caller, 'sim/small');
    await waitFor(async () => (await advisories(alertId)).includes('2 org/large'), { timeoutMs: 30_000 });
    expect(await asked(caller)).toEqual(['sim/small', 'sim/small']);
  });

  it('is heeded only where whoever made its rule asked for that', async () => {
    const caller = aCaller();
    const [silent, heeded] = [newId('alert'), newId('alert')];
    await tell('fired', silent, caller.principal.tenantId, { episode: 1, labels: {} });
    await tell('fired', heeded, caller.principal.tenantId, { episode: 1, model: 'another/model' });
    await waitFor(async () => (await advisories(heeded)).length === 1, { timeoutMs: 30_000 });
    expect(await advisories(silent)).toEqual([]);
    expect(await asked(caller)).toEqual(['sim/small', 'sim/small']);
  });
});

async function advisories(alertId: string): Promise<string[]> {
  const rows = await (routers[0]?.db.db ?? never())
    .selectFrom('advisories')
    .select(['episode', 'model'])
    .where('alert_id', '=', alertId)
    .where('ended', '=', false)
    .execute();
  return rows.map(({ episode, model }) => `${String(episode)} ${model}`);
}
