import { describe, expect, it } from '@jest/globals';
import { allRoutes } from '@signalbox/contracts';
import { plannedOperations } from '../src/planned-operations.ts';
import { wireOperations } from '../src/wire.ts';
import { json, startWireServer } from './wire-server.ts';

describe('lists (LA-13)', () => {
  it('walks every page, with the filters, and asks no further than it is read', async () => {
    await using server = await startWireServer((request, response) => {
      const cursor = Number(new URL(request.target, 'http://x').searchParams.get('cursor') ?? 0);
      const page = { limit: 2, has_next: cursor < 2, has_prev: cursor > 0, prev_cursor: null };
      const data = [{ id: `cost_${String(cursor)}a` }, { id: `cost_${String(cursor)}b` }];
      json(200, { data, page_info: { ...page, next_cursor: cursor < 2 ? String(cursor + 1) : null } })(
        request,
        response,
      );
    });
    const { costs } = server.client();
    const ids: string[] = [];
    for await (const { id } of costs.each({ model: 'small', limit: 2 })) ids.push(id);
    expect(ids).toEqual(['0a', '0b', '1a', '1b', '2a', '2b'].map((end) => `cost_${end}`));
    expect(server.requests.map(({ target }) => target)).toEqual([
      '/api/v1/costs?limit=2&model=small',
      '/api/v1/costs?limit=2&model=small&cursor=1',
      '/api/v1/costs?limit=2&model=small&cursor=2',
    ]);
    for await (const { id } of costs.each()) if (id === 'cost_0b') break;
    expect(server.requests).toHaveLength(4);
  });
});

describe('documents (LA-27)', () => {
  it('uploads a file as a form that can be sent again', async () => {
    await using server = await startWireServer(json(503, {}), json(201, { id: 'doc_1', status: 'new' }));
    const { documents } = server.client({ retry: { firstWaitMs: 5 } });
    const content = Uint8Array.from([0, 13, 10, 45, 45, 255]);
    await documents.upload({ name: 'a "b"\r\n☂.pdf', content, contentType: 'application/pdf' });
    const [first, second] = server.requests;
    expect(second?.bytes.equals(first?.bytes ?? Buffer.of())).toBe(true);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    const form = await new Response(new Uint8Array(first?.bytes ?? []), {
      headers: { 'content-type': String(first?.headers['content-type']) },
    }).formData();
    const file = form.get('file') as File;
    expect([file.name, file.type]).toEqual(['a "b"\r\n☂.pdf', 'application/pdf']);
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(content);
  });

  it('takes what a page has, and downloads bytes as they come', async () => {
    await using server = await startWireServer(json(201, { id: 'doc_1' }));
    const { documents } = server.client();
    await documents.upload({ name: 'a.txt', content: new Blob(['text'], { type: 'text/plain' }) });
    expect(server.requests[0]?.bytes.toString()).toContain('content-type: text/plain');
    server.answer((_, response) =>
      response.writeHead(200, { 'content-type': 'application/pdf' }).end(Buffer.of(1, 2, 3)),
    );
    const parts: Uint8Array[] = [];
    for await (const part of documents.download('doc_1')) parts.push(part);
    expect(Buffer.concat(parts)).toEqual(Buffer.of(1, 2, 3));
  });
});

describe('the operations that the client knows (OD-9)', () => {
  it('are those of the contracts, all of them', () => {
    expect(Object.keys(wireOperations).sort()).toEqual(allRoutes.map(({ operationId }) => operationId).sort());
    for (const { operationId, method, path } of allRoutes)
      expect(wireOperations[operationId as keyof typeof wireOperations]).toMatchObject({
        method: method.toUpperCase(),
        path,
      });
  });

  it('and those whose services are still to be built, which give way to a contract of the same name', () => {
    const services = new Set(allRoutes.map(({ service }) => service));
    const built = allRoutes.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    for (const [operation, { method, path }] of Object.entries(plannedOperations)) {
      const belongsTo = path.startsWith('/api/v1/alert') ? 'alerting' : 'research-pipeline';
      if (operation in wireOperations) expect(built).toContain(`${method} ${path}`);
      else expect([operation, services.has(belongsTo)]).toEqual([operation, false]);
    }
  });

  it('can each be called by their id, typed as the contract has them', async () => {
    await using server = await startWireServer(json(200, { name: 'signalbox', version: '1', links: {} }));
    const client = server.client();
    const root = await client.call('getRoot', {});
    expect(root.name).toBe('signalbox');
    await client.call('listUsage', { query: { model: 'small' } });
    expect(server.requests[1]?.target).toBe('/api/v1/usage?model=small');
  });

  it('stand where the API has them: alerts, keys, budgets, models', async () => {
    await using server = await startWireServer(json(200, {}));
    const { alerts, keys, costs, models, systems } = server.client();
    await alerts.acknowledge('alert_1', { note: 'seen' });
    await alerts.resolve('alert_1');
    await alerts.rules.update('rule_1', { name: 'latency' });
    await keys.rotate('key_1', { overlap_seconds: 60 });
    await keys.revoke('key_1');
    await costs.budgets.delete('budget_1');
    await models.get('signalbox/extractive');
    await systems.tasks.cancel('triage', 'task_1');
    expect(server.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'POST /api/v1/alerts/alert_1/acknowledge',
      'POST /api/v1/alerts/alert_1/resolve',
      'PATCH /api/v1/alert-rules/rule_1',
      'POST /api/v1/api-keys/key_1/rotate',
      'DELETE /api/v1/api-keys/key_1',
      'DELETE /api/v1/budgets/budget_1',
      'GET /api/v1/models/signalbox%2Fextractive',
      'POST /api/v1/systems/triage/tasks/task_1/cancel',
    ]);
  });
});
