import { sql, type Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Stretch } from '../usage/usage-store.ts';
import type { HttpTool } from './call-http-tool.ts';

/** False when the tenant has a tool of that name. */
export async function insertTool(db: Kysely<Schema>, tenantId: string, tool: HttpTool): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('tools')
    .values({ tenant_id: tenantId, ...tool, parameters: JSON.stringify(tool.parameters) })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

export async function findTools(db: Kysely<Schema>, tenantId: string, names: readonly string[]): Promise<HttpTool[]> {
  if (names.length === 0) return [];
  return tools(db, tenantId).where('name', 'in', names).execute();
}

export async function listToolRows(
  db: Kysely<Schema>,
  tenantId: string,
  { after, backwards, limit }: Stretch<string>,
): Promise<HttpTool[]> {
  return tools(db, tenantId)
    .$if(after !== null, (query) => query.where('name', backwards ? '<' : '>', after ?? ''))
    .orderBy('name', backwards ? 'desc' : 'asc')
    .limit(limit)
    .execute();
}

/** Null where there is no such tool. */
export async function changeTool(
  db: Kysely<Schema>,
  tenantId: string,
  name: string,
  change: Partial<Omit<HttpTool, 'name'>>,
): Promise<HttpTool | null> {
  const { parameters, ...rest } = change;
  const row = await db
    .updateTable('tools')
    .set({ name, ...rest, ...(parameters === undefined ? {} : { parameters: JSON.stringify(parameters) }) })
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .returning(columns)
    .executeTakeFirst();
  return row ?? null;
}

/** False where there was none. */
export async function removeTool(db: Kysely<Schema>, tenantId: string, name: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('tools')
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

export interface GrantRow {
  principal_id: string;
  tools: string[];
  updated_at: Date;
}

export async function putGrant(
  db: Kysely<Schema>,
  tenantId: string,
  principalId: string,
  granted: readonly string[],
): Promise<GrantRow> {
  return db
    .insertInto('tool_grants')
    .values({ tenant_id: tenantId, principal_id: principalId, tools: [...granted] })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'principal_id'])
        .doUpdateSet({ tools: [...granted], updated_at: sql<Date>`now()` }),
    )
    .returning(['principal_id', 'tools', 'updated_at'])
    .executeTakeFirstOrThrow();
}

/** The names of the tools that a principal may have executed; none where nobody granted any. */
export async function grantedTools(db: Kysely<Schema>, tenantId: string, principalId: string): Promise<string[]> {
  const row = await db
    .selectFrom('tool_grants')
    .select('tools')
    .where('tenant_id', '=', tenantId)
    .where('principal_id', '=', principalId)
    .executeTakeFirst();
  return row?.tools ?? [];
}

export async function listGrantRows(
  db: Kysely<Schema>,
  tenantId: string,
  { after, backwards, limit }: Stretch<string>,
): Promise<GrantRow[]> {
  return db
    .selectFrom('tool_grants')
    .select(['principal_id', 'tools', 'updated_at'])
    .where('tenant_id', '=', tenantId)
    .$if(after !== null, (query) => query.where('principal_id', backwards ? '<' : '>', after ?? ''))
    .orderBy('principal_id', backwards ? 'desc' : 'asc')
    .limit(limit)
    .execute();
}

const columns = ['name', 'description', 'parameters', 'url', 'method', 'timeout_ms'] as const;

function tools(db: Kysely<Schema>, tenantId: string) {
  return db.selectFrom('tools').select(columns).where('tenant_id', '=', tenantId);
}
