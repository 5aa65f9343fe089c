import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';

export interface ForgottenSources {
  tenantId: string;
  sources: string[];
}

/**
 * Has the vectors of these sources removed, as soon as the index can be reached, if the transaction is committed. Where another
 * job still uses a source, its vectors are made again when somebody asks.
 */
export async function forgetSources(trx: Kysely<Schema>, tenantId: string, sources: readonly string[]): Promise<void> {
  if (sources.length === 0) return;
  await trx
    .insertInto('forgotten_sources')
    .values([...new Set(sources)].map((source) => ({ tenant_id: tenantId, source_sha256: source })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The same for all sources that a job has read; to be called while its steps are there. */
export async function forgetSourcesOfJob(trx: Kysely<Schema>, tenantId: string, jobId: string): Promise<void> {
  const rows = await trx
    .selectFrom('research_steps')
    .innerJoin('research_jobs', 'research_jobs.id', 'research_steps.job_id')
    .select(sql<string>`research_steps.output -> 'source' ->> 'sha256'`.as('sha256'))
    .distinct()
    .where('research_jobs.tenant_id', '=', tenantId)
    .where('research_steps.job_id', '=', jobId)
    .where('research_steps.stage', '=', 'fetch')
    .where(sql<boolean>`research_steps.output -> 'source' ->> 'sha256' is not null`)
    .execute();
  await forgetSources(
    trx,
    tenantId,
    rows.map(({ sha256 }) => sha256),
  );
}

/** Takes some sources of one tenant away, which nobody else can take meanwhile, with their waiting vectors; null: there are none. */
export async function takeForgottenSources(
  trx: Transaction<Schema>,
  countMax: number,
): Promise<ForgottenSources | null> {
  const taken = await trx
    .selectFrom('forgotten_sources')
    .select(['tenant_id', 'source_sha256'])
    .orderBy('tenant_id')
    .limit(countMax)
    .forUpdate()
    .skipLocked()
    .execute();
  const tenantId = taken[0]?.tenant_id;
  if (tenantId === undefined) return null;
  const sources = taken.flatMap((row) => (row.tenant_id === tenantId ? [row.source_sha256] : []));
  for (const table of ['forgotten_sources', 'waiting_vectors'] as const) {
    await trx.deleteFrom(table).where('tenant_id', '=', tenantId).where('source_sha256', 'in', sources).execute();
  }
  return { tenantId, sources };
}
