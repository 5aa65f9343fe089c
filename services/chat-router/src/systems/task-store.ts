import type { TaskInput, TaskStatus } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { storableJson } from '../asking/storable-json.ts';
import type { Stretch } from '../usage/usage-store.ts';
import type { StoredResult, SystemTables, TaskFailure } from './system-tables.ts';
import { statesBefore, type TaskEvent } from './task.ts';

export type TaskRow = Selectable<SystemTables['tasks']>;

export interface NewTask {
  id: string;
  tenantId: string;
  systemId: string;
  systemVersion: number;
  input: TaskInput;
  inputHash: string;
  idempotencyKey: string | null;
  latencyTargetMs: number | null;
  createdBy: string;
}

/** The right to write to a task. A worker that was taken for dead has lost it, whatever it believes. */
export interface TaskLease {
  taskId: string;
  epoch: number;
}

export interface TaskEventRow {
  position: number;
  type: string;
  data: Record<string, unknown>;
}

/** Puts a task there with its first event; null when one of its idempotency key is there. */
export async function insertTask(trx: Transaction<Schema>, task: NewTask): Promise<TaskRow | null> {
  const row = await trx
    .insertInto('tasks')
    .values({
      id: task.id,
      tenant_id: task.tenantId,
      system_id: task.systemId,
      system_version: task.systemVersion,
      status: 'pending',
      input: JSON.stringify(task.input),
      task_type: task.input.task_type ?? null,
      metadata: JSON.stringify(task.input.metadata ?? {}),
      idempotency_key: task.idempotencyKey,
      input_hash: task.inputHash,
      latency_target_ms: task.latencyTargetMs,
      created_by: task.createdBy,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'system_id', 'idempotency_key']).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return null;
  await trx
    .insertInto('task_events')
    .values({ task_id: task.id, position: 1, type: 'status', data: JSON.stringify({ status: 'pending' }) })
    .execute();
  return row;
}

export async function findTaskByKey(
  db: Kysely<Schema>,
  tenantId: string,
  systemId: string,
  idempotencyKey: string,
): Promise<TaskRow | null> {
  const row = await tasks(db, tenantId, systemId).where('idempotency_key', '=', idempotencyKey).executeTakeFirst();
  return row ?? null;
}

/** Throws `not_found`. */
export async function getTaskRow(
  db: Kysely<Schema>,
  tenantId: string,
  { systemId, taskId }: { systemId: string; taskId: string },
): Promise<TaskRow> {
  const row = await tasks(db, tenantId, systemId).where('id', '=', taskId).executeTakeFirst();
  if (row === undefined) throw new AppError('not_found', 'There is no such task.');
  return row;
}

/** The newest first. */
export async function listTaskRows(
  db: Kysely<Schema>,
  tenantId: string,
  { systemId, status }: { systemId: string; status: TaskStatus | null },
  { after, backwards, limit }: Stretch<string>,
): Promise<TaskRow[]> {
  return tasks(db, tenantId, systemId)
    .$if(status !== null, (query) => query.where('status', '=', status ?? 'pending'))
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
}

export type Claim =
  | { kind: 'claimed'; lease: TaskLease; task: TaskRow }
  /** Somebody else is at it, and alive as far as is known. */
  | { kind: 'held'; retryAfterMs: number }
  /** It has ended, or was never there. */
  | { kind: 'over' };

/** Takes a task for `leaseMs`, by the clock of Postgres, unless another worker's lease on it still runs. */
export async function claimTask(db: Kysely<Schema>, tenantId: string, taskId: string, leaseMs: number): Promise<Claim> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<TaskRow>`
      update tasks set status = 'processing', epoch = epoch + 1, touched_at = now(),
        lease_until = now() + ${leaseMs} * interval '1 ms', started_at = coalesce(started_at, now()),
        events = events + (status = 'pending')::integer
      where tenant_id = ${tenantId} and id = ${taskId} and status = any(${statesBefore('claimed')})
        and (lease_until is null or lease_until < now())
      returning *`.execute(trx);
    const [task] = rows;
    if (task === undefined) return heldOrOver(trx, tenantId, taskId);
    if (task.events === 2) {
      // The first claim is the second event. A later worker goes on where the first one was.
      await sql`
        insert into task_events (task_id, position, type, data) values (${taskId}, 2, 'status', '{"status": "processing"}')
        on conflict do nothing`.execute(trx);
    }
    return { kind: 'claimed', lease: { taskId, epoch: task.epoch }, task };
  });
}

async function heldOrOver(trx: Transaction<Schema>, tenantId: string, taskId: string): Promise<Claim> {
  const { rows } = await sql<{ left_ms: number }>`
    select greatest(0, extract(epoch from lease_until - now()) * 1000)::float8 as left_ms from tasks
    where tenant_id = ${tenantId} and id = ${taskId} and status = any(${statesBefore('claimed')})`.execute(trx);
  const [row] = rows;
  return row === undefined ? { kind: 'over' } : { kind: 'held', retryAfterMs: Math.ceil(row.left_ms) + 50 };
}

/** False when the lease is lost: the task was cancelled, or somebody else has it. */
export async function renewLease(db: Kysely<Schema>, { taskId, epoch }: TaskLease, leaseMs: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update tasks set lease_until = now() + ${leaseMs} * interval '1 ms', touched_at = now()
    where id = ${taskId} and epoch = ${epoch} and status = 'processing'`.execute(db);
  return numAffectedRows === 1n;
}

/** Lets the next worker have the task at once. */
export async function releaseLease(db: Kysely<Schema>, { taskId, epoch }: TaskLease): Promise<void> {
  await sql`
    update tasks set lease_until = null, touched_at = now()
    where id = ${taskId} and epoch = ${epoch} and status = 'processing'`.execute(db);
}

/** What earlier workers have done of a task. */
export async function readSteps(db: Kysely<Schema>, taskId: string): Promise<Map<string, object>> {
  const rows = await db.selectFrom('task_steps').select(['step', 'output']).where('task_id', '=', taskId).execute();
  return new Map(rows.map(({ step, output }) => [step, output]));
}

/** Remembers a step and tells of it. False when the lease is lost: then nothing is written. */
export async function saveStep(
  db: Kysely<Schema>,
  { taskId, epoch }: TaskLease,
  { step, output, event }: { step: string; output: object; event: { type: string; data: Record<string, unknown> } },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    with held as (
      update tasks set events = events + 1, touched_at = now()
      where id = ${taskId} and epoch = ${epoch} and status = 'processing'
      returning id, events
    ), remembered as (
      insert into task_steps (task_id, step, output) select id, ${step}, ${storableJson(output)}::jsonb from held
    )
    insert into task_events (task_id, position, type, data)
    select id, events, ${event.type}, ${storableJson(event.data)}::jsonb from held`.execute(db);
  return numAffectedRows === 1n;
}

/** Ends a task by the one who holds it. False when the lease is lost: then somebody else ends it, or has. */
export async function endTask(
  db: Kysely<Schema>,
  { taskId, epoch }: TaskLease,
  end: { kind: 'completed'; result: StoredResult } | { kind: 'failed'; error: TaskFailure },
): Promise<boolean> {
  return end.kind === 'completed'
    ? endWhere(db, 'completed', { result: end.result }, sql`id = ${taskId} and epoch = ${epoch}`)
    : endWhere(db, 'failed', { error: end.error }, sql`id = ${taskId} and epoch = ${epoch}`);
}

/** Ends a task by its owner. False when it has ended already. */
export async function cancelTaskRow(db: Kysely<Schema>, tenantId: string, taskId: string): Promise<boolean> {
  return endWhere(db, 'cancelled', {}, sql`tenant_id = ${tenantId} and id = ${taskId}`);
}

/** Fails the tasks that somebody gave up to a time and that have not ended; whoever works on one loses it. */
export async function failTasksOf(
  trx: Transaction<Schema>,
  { tenantId, principalId, until }: { tenantId: string; principalId: string; until: Date },
  error: TaskFailure,
): Promise<void> {
  await endWhere(
    trx,
    'failed',
    { error },
    sql`tenant_id = ${tenantId} and created_by = ${principalId} and created_at <= ${until}`,
  );
}

/** Fails the tasks that nobody has touched for so long: whoever worked on them died, and died again. */
export async function failLostTasks(db: Kysely<Schema>, untouchedMs: number): Promise<boolean> {
  return endWhere(
    db,
    'failed',
    { error: { code: 'INTERNAL', message: 'Every worker that took this task died.' } },
    sql`status = 'processing' and touched_at < now() - ${untouchedMs} * interval '1 ms'`,
  );
}

/** What was remembered of its steps served to get here, and goes: prompts and answers are not kept longer than they serve. */
async function endWhere(
  db: Kysely<Schema>,
  event: Exclude<TaskEvent, 'claimed'>,
  { result, error }: { result?: StoredResult; error?: TaskFailure },
  condition: ReturnType<typeof sql>,
): Promise<boolean> {
  const data = JSON.stringify({ status: event, ...(error === undefined ? {} : { error }) });
  const { numAffectedRows } = await sql`
    with ended as (
      update tasks set status = ${event}, events = events + 1, finished_at = now(), touched_at = now(), lease_until = null,
        result = ${result === undefined ? null : storableJson(result)}::jsonb,
        error = ${error === undefined ? null : JSON.stringify(error)}::jsonb
      where ${condition} and status = any(${statesBefore(event)})
      returning id, events
    ), forgotten as (
      delete from task_steps using ended where task_id = ended.id
    )
    insert into task_events (task_id, position, type, data)
    select id, events, 'status', ${data}::jsonb from ended`.execute(db);
  return (numAffectedRows ?? 0n) > 0n;
}

/** The events of a task after a position, in order. */
export async function listTaskEvents(
  db: Kysely<Schema>,
  taskId: string,
  after: number,
  limit: number,
): Promise<TaskEventRow[]> {
  return db
    .selectFrom('task_events')
    .select(['position', 'type', 'data'])
    .where('task_id', '=', taskId)
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute();
}

function tasks(db: Kysely<Schema>, tenantId: string, systemId: string) {
  return db.selectFrom('tasks').selectAll().where('tenant_id', '=', tenantId).where('system_id', '=', systemId);
}
