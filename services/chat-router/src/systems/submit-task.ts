import { createHash } from 'node:crypto';
import { runTask, type TaskInput } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { findSystem, noSystem } from './system-store.ts';
import { findTaskByKey, insertTask, type TaskRow } from './task-store.ts';

export interface SubmitTaskDeps {
  db: Kysely<Schema>;
  emitter: Emitter;
  /** Called after a message was put into the outbox. */
  nudgeRelay: () => void;
}

/**
 * Accepts a task: the task and its job are there together, or neither is. The same key with the same input is the same task.
 * Throws `not_found`, and `unprocessable` for the same key with another input.
 */
export async function submitTask(
  deps: SubmitTaskDeps,
  caller: CallerIdentity,
  { systemId, input, idempotencyKey }: { systemId: string; input: TaskInput; idempotencyKey: string | null },
): Promise<{ task: TaskRow; isNew: boolean }> {
  const { tenantId } = caller.principal;
  const inputHash = createHash('sha256').update(JSON.stringify(input)).digest('hex');
  const system = await findSystem(deps.db, tenantId, systemId);
  if (system === null) throw noSystem();
  const id = newId('task');
  const rows = deps.emitter.outboxRows(runTask, { task_id: id }, caller, { id });
  const task = await deps.db.transaction().execute(async (trx) => {
    const inserted = await insertTask(trx, {
      id,
      tenantId,
      systemId,
      systemVersion: system.version,
      input,
      inputHash,
      idempotencyKey,
      createdBy: caller.principal.principalId,
      latencyTargetMs: system.spec.requirements.latency_target_ms ?? null,
    });
    if (inserted !== null) await emit(trx, rows);
    return inserted;
  });
  if (task !== null) {
    deps.nudgeRelay();
    return { task, isNew: true };
  }
  const earlier = await findTaskByKey(deps.db, tenantId, systemId, idempotencyKey ?? '');
  if (earlier === null) throw new TypeError('a key that is taken belongs to no task');
  if (earlier.input_hash !== inputHash) {
    throw new AppError('unprocessable', 'This Idempotency-Key was used for another task.');
  }
  return { task: earlier, isNew: false };
}
