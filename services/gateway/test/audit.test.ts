import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { recordAudit, type AuditEvent } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { insertAuditEvent } from '../src/audit/audit-store.ts';
import { auditedBy, startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

const call: AccessHarness['replica']['call'] = (...request) => mesh.replica.call(...request);

function eventOf(tenantId: string, at: Date, changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: newId('audit', at.getTime()),
    at: at.toISOString(),
    tenant_id: tenantId,
    actor: 'user_1',
    action: 'job.deleted',
    target: 'job_1',
    outcome: 'ok',
    request_id: 'req_1',
    ip: '10.0.0.1',
    details: { title: 'x' },
    ...changes,
  };
}

describe('the audit log (OD-14)', () => {
  it('tells who did what to what, from where, in which request', async () => {
    const { key, keyId } = await mesh.openTenant();
    const made = await call('POST', '/api/v1/api-keys', { key, body: { name: 'x', scopes: ['chat:read'] } });
    expect(await auditedBy(mesh.replica, key, 'api_key.created', made.body.id)).toEqual({
      id: expect.stringMatching(/^audit_/),
      at: expect.stringMatching(/Z$/),
      tenant_id: expect.stringMatching(/^tenant_/),
      actor: keyId,
      action: 'api_key.created',
      target: made.body.id,
      outcome: 'ok',
      request_id: made.headers.get('x-request-id'),
      ip: '127.0.0.1',
      details: { scopes: ['chat:read'] },
    });
  });

  it('is read newest first, each event once, filtered by action and actor', async () => {
    const { key, tenantId } = await mesh.openTenant();
    const { db } = mesh.replica.database;
    const events = Array.from({ length: 5 }, (_, index) =>
      eventOf(tenantId, new Date(Date.now() - index * 60_000), { actor: index === 3 ? 'user_2' : 'user_1' }),
    );
    for (const event of events) await insertAuditEvent(db, event);
    const read = async (query: string) => (await call('GET', `/api/v1/audit-events?${query}`, { key })).body;
    const first = await read('action=job.deleted&limit=3');
    expect(first.data).toEqual(events.slice(0, 3));
    const rest = await read(`action=job.deleted&limit=3&cursor=${first.page_info.next_cursor as string}`);
    expect(rest.data).toEqual(events.slice(3));
    expect((await read('actor=user_2')).data).toEqual([events[3]]);
    expect((await read('action=job.deleted&actor=nobody')).data).toEqual([]);
  });

  it('holds an event once, however often it is delivered', async () => {
    const { tenantId } = await mesh.openTenant();
    const { db, pool } = mesh.replica.database;
    const event = eventOf(tenantId, new Date());
    await insertAuditEvent(db, event);
    await insertAuditEvent(db, recordAudit.payload.parse({ ...event, details: { changed: true } }));
    const { rows } = await pool.query<{ details: unknown }>('SELECT details FROM audit_events WHERE id = $1', [
      event.id,
    ]);
    expect(rows).toEqual([{ details: { title: 'x' } }]);
  });

  it('gets nothing of an act that did not happen', async () => {
    const { key, tenantId } = await mesh.openTenant();
    const { database, access } = mesh.replica;
    const entry = {
      tenantId,
      actor: 'user_1',
      action: 'job.deleted',
      target: null,
      requestId: null,
      ip: null,
    } as const;
    await expect(
      database.db.transaction().execute(async (trx) => {
        await access.audit.record(trx, entry);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await database.db.transaction().execute((trx) => access.audit.record(trx, { ...entry, target: 'job_2' }));
    await auditedBy(mesh.replica, key, 'job.deleted', 'job_2');
    const { body } = await call('GET', '/api/v1/audit-events?action=job.deleted', { key });
    expect(body.data).toHaveLength(1);
  });

  it('gets the refusals that were noted just before a shutdown', async () => {
    const { key, tenantId } = await mesh.openTenant();
    const replica = await mesh.startReplica();
    const entry = {
      tenantId,
      actor: 'user_1',
      action: 'access.denied',
      target: 'deleteJob',
      requestId: null,
      ip: null,
    } as const;
    replica.access.audit.refused(entry);
    await replica[Symbol.asyncDispose]();
    expect(await auditedBy(mesh.replica, key, 'access.denied')).toMatchObject({
      outcome: 'refused',
      target: 'deleteJob',
    });
  });
});
