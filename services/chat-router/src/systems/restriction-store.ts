import { covers } from '@signalbox/contracts';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { failTasksOf } from './task-store.ts';

/** What is left to somebody, and since when. */
export interface Restriction {
  principalId: string;
  scopes: readonly string[];
  at: Date;
}

/** How long after a restriction somebody may still have been let in: replicas of the gateway remember credentials for 10 s. */
const belatedMs = 15_000;

/** Why a task whose giver may give none any more is over. */
export const authorityGone =
  'Whoever gave this task may give none any more: the key was revoked, or the person restricted.';

/** Notes a restriction, and ends the tasks that were given under what it takes away. A later one counts. */
export async function restrict(trx: Transaction<Schema>, tenantId: string, restriction: Restriction): Promise<void> {
  const { principalId, scopes, at } = restriction;
  await sql`
    insert into restricted_principals (tenant_id, principal_id, scopes, at)
    values (${tenantId}, ${principalId}, ${[...scopes]}, ${at})
    on conflict (tenant_id, principal_id) do update set scopes = excluded.scopes, at = excluded.at
    where restricted_principals.at <= excluded.at`.execute(trx);
  if (mayGiveTasks(scopes)) return;
  const until = new Date(at.getTime() + belatedMs);
  await failTasksOf(trx, { tenantId, principalId, until }, { code: 'FORBIDDEN', message: authorityGone });
}

/** False for a task that was given under an authority that its giver has lost since. */
export async function isGivenStill(
  db: Kysely<Schema>,
  tenantId: string,
  { principalId, givenAt }: { principalId: string; givenAt: Date },
): Promise<boolean> {
  const row = await db
    .selectFrom('restricted_principals')
    .select(['scopes', 'at'])
    .where('tenant_id', '=', tenantId)
    .where('principal_id', '=', principalId)
    .executeTakeFirst();
  return row === undefined || mayGiveTasks(row.scopes) || givenAt.getTime() > row.at.getTime() + belatedMs;
}

function mayGiveTasks(scopes: readonly string[]): boolean {
  return covers(scopes, 'chat:write');
}
