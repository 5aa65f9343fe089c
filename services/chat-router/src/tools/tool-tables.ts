import type { Generated, JSONColumnType } from 'kysely';

/** The tables of tools and of who may have them executed, as kysely sees them. */
export interface ToolTables {
  tools: {
    tenant_id: string;
    name: string;
    description: string;
    parameters: JSONColumnType<Record<string, unknown>>;
    url: string;
    method: 'GET' | 'POST';
    timeout_ms: number;
    /** In small letters. */
    header_names: Generated<string[]>;
    /** Their values, in an envelope of the vault. */
    sealed_headers: string | null;
  };
  tool_grants: { tenant_id: string; principal_id: string; tools: string[]; updated_at: Generated<Date> };
}
