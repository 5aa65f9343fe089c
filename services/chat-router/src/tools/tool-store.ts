import { sql, type Kysely, type Transaction } from 'kysely';
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

/** One tool, to be changed: nobody else changes it meanwhile. Null where there is none. */
export async function lockTool(trx: Transaction<Schema>, tenantId: string, name: string): Promise<HttpTool | null> {
  return (await tools(trx, tenantId).where('name', '=', name).forUpdate().executeTakeFirst()) ?? null;
}

/** A tool of any tenant whose headers lie in an envelope, for rotation. */
export interface SealedTool {
  tenantId: string;
  name: string;
  url: string;
  sealedKey: string | null;
}

/** Some of them, in their order, after one of them. */
export async function sealedTools(db: Kysely<Schema>, after: SealedTool | null, limit: number): Promise<SealedTool[]> {
  return db
    .selectFrom('tools')
    .select(['tenant_id as tenantId', 'name', 'url', 'sealed_headers as sealedKey'])
    .where('sealed_headers', 'is not', null)
    .$if(after !== null, (query) =>
      query.where(sql<boolean>`(tenant_id, name) > (${after?.tenantId ?? ''}, ${after?.name ?? ''})`),
    )
    .orderBy('tenant_id')
    .orderBy('name')
    .limit(limit)
    .execute();
}

/** Puts another envelope in the place of one, unless that was replaced meanwhile. */
export async function replaceSealedHeaders(db: Kysely<Schema>, tool: SealedTool, envelope: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('tools')
    .set({ sealed_headers: envelope })
    .where('tenant_id', '=', tool.tenantId)
    .where('name', '=', tool.name)
    .where('sealed_headers', '=', tool.sealedKey)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
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

const columns = [
  'name',
  'description',
  'parameters',
  'url',
  'method',
  'timeout_ms',
  'header_names',
  'sealed_headers',
] as const;

function tools(db: Kysely<Schema>, tenantId: string) {
  return db.selectFrom('tools').select(columns).where('tenant_id', '=', tenantId);
}
