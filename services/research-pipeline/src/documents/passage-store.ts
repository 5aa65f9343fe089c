import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';

export interface FoundDocument {
  documentId: string;
  name: string;
  title: string | null;
  publishedAt: string | null;
  snippet: string;
}

/** Postgres' rules of words, by language; words of others are taken as they are. */
const configs: Readonly<Record<string, string>> = {
  ar: 'arabic',
  da: 'danish',
  de: 'german',
  el: 'greek',
  en: 'english',
  es: 'spanish',
  fi: 'finnish',
  fr: 'french',
  hu: 'hungarian',
  id: 'indonesian',
  it: 'italian',
  nl: 'dutch',
  no: 'norwegian',
  nb: 'norwegian',
  pt: 'portuguese',
  ro: 'romanian',
  ru: 'russian',
  sv: 'swedish',
  tr: 'turkish',
};

const rowsPerInsert = 100;

/** Keeps a document's text, in pieces that together are the whole. */
export async function insertPassages(
  trx: Transaction<Schema>,
  { tenantId, documentId, language }: { tenantId: string; documentId: string; language: string | null },
  passages: readonly string[],
): Promise<void> {
  // A text too short to tell its language is taken for what most are.
  const config = language === null ? 'english' : (configs[language] ?? 'simple');
  for (let from = 0; from < passages.length; from += rowsPerInsert) {
    const rows = passages
      .slice(from, from + rowsPerInsert)
      .map((text, index) => ({ document_id: documentId, n: from + index, tenant_id: tenantId, config, text }));
    await trx.insertInto('document_passages').values(rows).execute();
  }
}

export async function readText(db: Kysely<Schema>, tenantId: string, documentId: string): Promise<string> {
  const rows = await db
    .selectFrom('document_passages')
    .select('text')
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .orderBy('n')
    .execute();
  return rows.map(({ text }) => text).join('');
}

/**
 * Documents with words of the query, those that are most about it first, by their best passage; each word counts alone, in
 * the forms that the document's language gives it.
 */
export async function searchPassages(
  db: Kysely<Schema>,
  tenantId: string,
  { query, documentIds, limit }: { query: string; documentIds: readonly string[] | null; limit: number },
): Promise<FoundDocument[]> {
  const only = documentIds === null ? sql`` : sql`and passage.document_id = any(${[...documentIds]}::text[])`;
  const { rows } = await sql<{
    document_id: string;
    name: string;
    title: string | null;
    published_at: string | null;
    snippet: string;
  }>`
    with asked as (
      select config, replace(plainto_tsquery(config, ${query})::text, ' & ', ' | ')::tsquery as words
      from (select distinct config from document_passages where tenant_id = ${tenantId}) as configs
    ), ranked as (
      select passage.document_id, passage.text, passage.config, asked.words,
        ts_rank(passage.words, asked.words, 1) as rank
      from asked join document_passages as passage on passage.config = asked.config and passage.words @@ asked.words
      where passage.tenant_id = ${tenantId} ${only}
    ), best as (
      select distinct on (document_id) document_id, text, config, words, rank
      from ranked order by document_id, rank desc, text
    )
    select best.document_id, documents.name, documents.title, documents.published_at,
      ts_headline(best.config, best.text, best.words,
        'StartSel="", StopSel="", MaxFragments=1, MaxWords=40, MinWords=15') as snippet
    from (select * from best order by rank desc, document_id limit ${limit}) as best
    join documents on documents.id = best.document_id
    order by best.rank desc, best.document_id`.execute(db);
  return rows.map((row) => ({
    documentId: row.document_id,
    name: row.name,
    title: row.title,
    publishedAt: row.published_at,
    snippet: row.snippet,
  }));
}

/** Read documents among these, in the order of their ids. */
export async function listReadDocuments(
  db: Kysely<Schema>,
  tenantId: string,
  documentIds: readonly string[],
): Promise<FoundDocument[]> {
  const rows = await db
    .selectFrom('documents')
    .innerJoin('document_passages', 'document_passages.document_id', 'documents.id')
    .select(['documents.id', 'name', 'title', 'published_at', sql<string>`left(text, 300)`.as('snippet')])
    .where('documents.tenant_id', '=', tenantId)
    .where('documents.id', 'in', [...documentIds])
    .where('n', '=', 0)
    .orderBy('documents.id')
    .execute();
  return rows.map((row) => ({
    documentId: row.id,
    name: row.name,
    title: row.title,
    publishedAt: row.published_at,
    snippet: row.snippet,
  }));
}
