import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { recordAudit } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { openDeadLetters } from '@signalbox/postgres';
import { createEmitter } from '@signalbox/queue';
import { auditedBy, identityKeysText, startAccessHarness, identityKeys, type AccessHarness } from './access-harness.ts';

const run = promisify(execFile);

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('dead letters on the command line (R19, OD-14)', () => {
  it.each([
    ['replay', 'job.replayed'],
    ['discard', 'job.deleted'],
  ])('%s stands in the audit log of the tenant whose job it was', async (verb, action) => {
    const { key, tenantId } = await mesh.openTenant();
    const id = newId('audit');
    const event = { id, at: new Date().toISOString(), tenant_id: tenantId, actor: 'somebody' };
    const principal = { kind: 'service', principalId: 'chat-router', tenantId, scopes: [] } as const;
    const [row] = createEmitter({ service: 'chat-router', identityKeys }).outboxRows(
      recordAudit,
      { ...event, action: 'cache.cleared', target: null, outcome: 'ok', request_id: null, ip: null, details: {} },
      { principal, requestId: newId('req') },
      { id },
    );
    const message: unknown = JSON.parse(row?.message ?? '');
    await openDeadLetters(mesh.replica.database).record({
      id,
      name: recordAudit.name,
      message,
      reason: 'x',
      attempts: 1,
    });
    const entry = join(import.meta.dirname, '..', 'src', 'dead-letters.ts');
    const env = { DATABASE_URL: mesh.database.url, IDENTITY_KEYS: identityKeysText };
    const { stdout } = await run(process.execPath, ['--conditions=@signalbox/source', entry, verb, id], { env });
    expect(stdout).toContain(id);
    expect(await auditedBy(mesh.replica, key, action, id)).toMatchObject({
      actor: 'operator',
      outcome: 'ok',
      details: { job: 'audit.record' },
    });
  });
});
