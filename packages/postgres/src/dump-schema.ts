import pg from 'pg';

const bookkeeping = ['kysely_migration', 'kysely_migration_lock'];

/**
 * The schema as SQL text, read from Postgres' catalogs and in one order, whatever order it was made in: extensions, types, tables
 * with their columns and constraints, indexes, views, functions, triggers, policies and who may do what. Without the
 * tables that remember migrations. It is there to be read and compared; it is no backup.
 */
export async function dumpSchema(url: string, schema: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, statement_timeout: 30_000 });
  await client.connect();
  try {
    // Names are printed with their schema unless the path leads there.
    await client.query(`set search_path = ${pg.escapeIdentifier(schema)}`);
    const parts: string[] = [];
    for (const text of [extensions, types, tables, indexes, views, functions, triggers, policies, grants]) {
      const { rows } = await client.query<{ line: string }>(
        text,
        text.includes('$2') ? [schema, bookkeeping] : [schema],
      );
      parts.push(rows.map(({ line }) => `${line.trim().replace(/;$/, '')};\n`).join(''));
    }
    return parts.filter((part) => part !== '').join('\n');
  } finally {
    await client.end();
  }
}

const extensions = `
  select format('create extension %I', extname) as line
  from pg_extension where extnamespace = $1::regnamespace order by extname collate "C"`;

const types = `
  select format('create type %I as enum (%s)', typname,
    (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = pg_type.oid)) as line
  from pg_type where typnamespace = $1::regnamespace and typtype = 'e' order by typname collate "C"`;

const tables = `
  select format(E'create table %I (\\n  %s\\n)', relation.relname, (
    select string_agg(entry, E',\\n  ' order by place, entry collate "C") from (
      select attnum::int as place, format('%I %s', attname, format_type(atttypid, atttypmod))
        || case when attcollation <> typcollation then ' collate ' || attcollation::regcollation else '' end
        || case when attidentity <> '' then ' generated ' || case attidentity when 'a' then 'always' else 'by default' end || ' as identity'
           when attgenerated = 's' then ' generated always as (' || pg_get_expr(adbin, adrelid) || ') stored'
           when adbin is not null then ' default ' || pg_get_expr(adbin, adrelid) else '' end
        || case when attnotnull then ' not null' else '' end as entry
      from pg_attribute join pg_type on pg_type.oid = atttypid left join pg_attrdef on adrelid = attrelid and adnum = attnum
      where attrelid = relation.oid and attnum > 0 and not attisdropped
      union all
      select 10000, format('constraint %I %s', conname, pg_get_constraintdef(pg_constraint.oid))
      from pg_constraint where conrelid = relation.oid and contype <> 'n'
    ) as entries))
    || case when relation.relkind = 'p' then ' partition by ' || pg_get_partkeydef(relation.oid) else '' end
    || case when relation.relispartition
       then E'; -- partition of ' || (select inhparent::regclass::text from pg_inherits where inhrelid = relation.oid) || ' '
         || pg_get_expr(relation.relpartbound, relation.oid) else '' end
    || case when relation.reloptions is null then '' else ' with (' || array_to_string(relation.reloptions, ', ') || ')' end
    || case when relation.relrowsecurity then format(E';\\nalter table %I enable row level security', relation.relname) else '' end
    || case when relation.relforcerowsecurity then format(E';\\nalter table %I force row level security', relation.relname) else '' end as line
  from pg_class as relation
  where relation.relnamespace = $1::regnamespace and relation.relkind in ('r', 'p') and relation.relname <> all ($2::text[])
  order by relation.relname collate "C"`;

const indexes = `
  select pg_get_indexdef(indexrelid) as line
  from pg_index join pg_class as index on index.oid = indexrelid join pg_class as relation on relation.oid = indrelid
  where relation.relnamespace = $1::regnamespace and relation.relname <> all ($2::text[])
    and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
  order by index.relname collate "C"`;

const views = `
  select format(E'create %s %I as\\n%s', case relkind when 'm' then 'materialized view' else 'view' end, relname,
    pg_get_viewdef(oid, true)) as line
  from pg_class where relnamespace = $1::regnamespace and relkind in ('v', 'm') order by relname collate "C"`;

const functions = `
  select pg_get_functiondef(oid) as line from pg_proc
  where pronamespace = $1::regnamespace and prokind in ('f', 'p')
    and not exists (select from pg_depend where objid = pg_proc.oid and classid = 'pg_proc'::regclass and deptype = 'e')
  order by proname collate "C", pg_get_function_identity_arguments(oid) collate "C"`;

const triggers = `
  select pg_get_triggerdef(pg_trigger.oid) as line
  from pg_trigger join pg_class as relation on relation.oid = tgrelid
  where relation.relnamespace = $1::regnamespace and not tgisinternal
  order by relation.relname collate "C", tgname collate "C"`;

const policies = `
  select format('create policy %I on %I for %s to %s', policyname, tablename, lower(cmd), array_to_string(roles, ', '))
    || coalesce(' using (' || qual || ')', '') || coalesce(' with check (' || with_check || ')', '') as line
  from pg_policies where schemaname = $1 order by tablename collate "C", policyname collate "C"`;

const grants = `
  select format('grant %s on %I to %s', lower(string_agg(privilege, ', ' order by privilege collate "C")), relname, grantee) as line
  from (
    select relname, acl.privilege_type as privilege,
      case acl.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
    from pg_class, aclexplode(relacl) as acl
    where relnamespace = $1::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S') and acl.grantee <> relowner
      and relname <> all ($2::text[])
  ) as granted
  group by relname, grantee order by relname collate "C", grantee collate "C"`;
