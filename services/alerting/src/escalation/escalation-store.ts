import { AppError } from '@signalbox/errors';
import { isUniqueViolation } from '@signalbox/postgres';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { DueStep, EscalationPolicy, WaitingAlert } from './escalation-policy.ts';

/** Throws `conflict` where the tenant has another one of that name. */
export async function addPolicy(db: Kysely<Schema>, policy: EscalationPolicy): Promise<void> {
  try {
    await db
      .insertInto('escalation_policies')
      .values({
        id: policy.id,
        tenant_id: policy.tenantId,
        name: policy.name,
        matchers: JSON.stringify(policy.matchers),
        steps: JSON.stringify(policy.steps),
        created_at: policy.createdAt,
      })
      .execute();
  } catch (thrown) {
    if (!isUniqueViolation(thrown)) throw thrown;
    throw new AppError('conflict', 'There is an escalation policy of this name.', { details: { name: policy.name } });
  }
}

/** The newest first. */
export async function listPolicies(
  db: Kysely<Schema>,
  tenantId: string,
  { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
): Promise<EscalationPolicy[]> {
  const rows = await db
    .selectFrom('escalation_policies')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    matchers: row.matchers,
    steps: row.steps,
    createdAt: row.created_at,
  }));
}

/** False where there was none. */
export async function removePolicy(db: Kysely<Schema>, tenantId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('escalation_policies')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

export async function listEscalatingTenants(db: Kysely<Schema>): Promise<string[]> {
  const rows = await db.selectFrom('escalation_policies').select('tenant_id').distinct().execute();
  return rows.map((row) => row.tenant_id);
}

/** The alerts that fire, and that nobody has acknowledged or snoozed. */
export async function listWaitingAlerts(db: Kysely<Schema>, tenantId: string, now: Date): Promise<WaitingAlert[]> {
  const rows = await db
    .selectFrom('alerts')
    .select(['fingerprint', 'episode', 'labels', 'annotations', 'generator_url', 'fired_at'])
    .where('tenant_id', '=', tenantId)
    .where('state', '=', 'firing')
    .where('ends_at', '>', now)
    .where('fired_at', 'is not', null)
    .where((eb) => eb.or([eb('acknowledged_at', 'is', null), eb('acknowledged_until', '<=', now)]))
    .where((eb) => eb.or([eb('snoozed_until', 'is', null), eb('snoozed_until', '<=', now)]))
    .execute();
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    episode: row.episode,
    labels: row.labels,
    annotations: row.annotations,
    generatorUrl: row.generator_url,
    firedAt: row.fired_at ?? now,
  }));
}

/** Takes steps, each once for an episode whoever tries; gives those that nobody had taken. */
export async function takeSteps(
  trx: Transaction<Schema>,
  { tenantId, id }: Pick<EscalationPolicy, 'tenantId' | 'id'>,
  steps: readonly DueStep[],
  now: Date,
): Promise<DueStep[]> {
  if (steps.length === 0) return [];
  const rows = await trx
    .insertInto('escalations')
    .values(
      steps.map(({ alert, step }) => ({
        tenant_id: tenantId,
        policy_id: id,
        fingerprint: alert.fingerprint,
        episode: alert.episode,
        step,
        escalated_at: now,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning(['fingerprint', 'episode', 'step'])
    .execute();
  const taken = new Set(rows.map(({ fingerprint, episode, step }) => `${fingerprint}/${episode}/${step}`));
  return steps.filter(({ alert, step }) => taken.has(`${alert.fingerprint}/${alert.episode}/${step}`));
}

export interface EndedEscalation extends WaitingAlert {
  readonly step: number;
  readonly endedAt: Date;
}

/** Lets go of the escalations whose alert no longer fires, each once whoever tries, and gives them. */
export async function takeEnded(
  trx: Transaction<Schema>,
  { tenantId, id }: Pick<EscalationPolicy, 'tenantId' | 'id'>,
  now: Date,
): Promise<EndedEscalation[]> {
  const { rows } = await sql<{
    fingerprint: string;
    episode: number;
    step: number;
    labels: WaitingAlert['labels'];
    annotations: WaitingAlert['annotations'];
    generator_url: string;
    fired_at: Date | null;
    resolved_at: Date | null;
    escalated_at: Date;
  }>`
    delete from escalations using alerts
    where escalations.tenant_id = ${tenantId} and escalations.policy_id = ${id}
      and alerts.tenant_id = escalations.tenant_id and alerts.fingerprint = escalations.fingerprint
      and (alerts.state <> 'firing' or alerts.episode > escalations.episode)
    returning escalations.fingerprint, escalations.episode, escalations.step, escalations.escalated_at, alerts.labels,
      alerts.annotations, alerts.generator_url, alerts.fired_at, alerts.resolved_at`.execute(trx);
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    episode: row.episode,
    step: row.step,
    labels: row.labels,
    annotations: row.annotations,
    generatorUrl: row.generator_url,
    firedAt: row.fired_at ?? row.escalated_at,
    endedAt: row.resolved_at ?? now,
  }));
}
