import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';

export interface Room {
  /** The schema; its roles are `<schema>_owner` and `<schema>_app`. */
  schema: string;
  ownerPassword: string;
  appPassword: string;
}

const script = join(import.meta.dirname, '..', 'sql', 'service-room.sql');

/** Makes (or brings up to date) one service's roles and schema in the database that `client` is connected to. */
export async function prepareRoom(client: pg.Client, room: Room): Promise<void> {
  const values: Record<string, string> = {
    schema: room.schema,
    owner_password: room.ownerPassword,
    app_password: room.appPassword,
  };
  // The script is psql's too: where psql would fill in a variable, so do we.
  const sql = readFileSync(script, 'utf8').replaceAll(/:'(\w+)'/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`service-room.sql asks for ${name}, which nobody gives.`);
    return client.escapeLiteral(value);
  });
  await client.query(sql);
}

/** `url` with other credentials and, when given, another database. */
export function urlAs(url: string, role: { user: string; password: string }, database?: string): string {
  const changed = new URL(url);
  changed.username = role.user;
  changed.password = role.password;
  if (database !== undefined) changed.pathname = `/${database}`;
  return changed.href;
}
