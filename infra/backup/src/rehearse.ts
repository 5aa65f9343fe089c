import pg from 'pg';
import { restore, type RestoreOptions, type RestoreReport } from './restore.ts';

/** Restores a copy into a database that is made for it and goes again. Throws where the copy is not whole. */
export async function rehearse({ url, vault, file }: Omit<RestoreOptions, 'into'>): Promise<RestoreReport> {
  const name = `rehearsal_${String(Date.now())}`;
  await asSuperuser(url, `create database ${name} template template0`);
  try {
    const scratch = new URL(url);
    scratch.pathname = `/${name}`;
    return await restore({ url: scratch.href, vault, file, into: 'plain' });
  } finally {
    await asSuperuser(url, `drop database ${name} with (force)`);
  }
}

async function asSuperuser(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'rehearse' });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
