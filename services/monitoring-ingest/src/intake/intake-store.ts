import { finished } from 'node:stream/promises';
import type { Database } from '@signalbox/postgres';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { copyColumns, pointLine, sampleLine, spanLine } from './copy-text.ts';
import { modelsOf, sampleKey, type Delivery, type Receipt, type Remembered } from './delivery.ts';

/** Somebody else has used one of the keys meanwhile. The same again finds what that one stored. */
export class KeyTaken extends Error {}

export interface WriteOptions {
  /** One row that the database refuses shall not sink the others: slower, and only of use when one was refused. */
  tolerant: boolean;
  /** Models that may not be known yet, as `tenant\0model`: those seen lately are left out. */
  isKnownModel: (tenantId: string, modelId: string) => boolean;
  dayOf: (ms: number) => string;
  nowMs: number;
}

type Table = 'samples' | 'points' | 'spans';

/** A row on its way: whose it is, and where in its delivery it stands. */
interface Line {
  delivery: number;
  index: number;
  text: string;
  key: string | null;
}

interface Claim {
  repeated: Map<number, Receipt>;
  keyed: readonly (readonly [number, Delivery])[];
}

/**
 * Stores deliveries in one transaction, with synchronous_commit on: when it resolves they are on the disk. What was there
 * before (by batch key or by sample key) is not stored again. Throws what the database says, or `KeyTaken`.
 */
export async function writeDeliveries(
  pool: Database<unknown>['pool'],
  deliveries: readonly Delivery[],
  options: WriteOptions,
): Promise<Receipt[]> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('begin; set local synchronous_commit to on');
    const { repeated, keyed } = await findRepeats(client, deliveries);
    const fresh = deliveries.map((delivery, at) => [at, delivery] as const).filter(([at]) => !repeated.has(at));
    const { lines, duplicates } = await claimSamples(client, fresh, options);
    const refused = {
      samples: await copy(client, 'samples', lines, options.tolerant),
      points: await copy(client, 'points', linesOf(fresh, 'points', pointLine), options.tolerant),
      spans: await copy(client, 'spans', linesOf(fresh, 'spans', spanLine), options.tolerant),
    };
    await forgetRefused(client, lines, refused.samples);
    const receipts = deliveries.map(
      (_, at): Receipt =>
        repeated.get(at) ?? {
          kind: 'stored',
          duplicates: duplicates.get(at) ?? [],
          refused: {
            samples: refused.samples.get(at) ?? [],
            points: refused.points.get(at) ?? [],
            spans: refused.spans.get(at) ?? [],
          },
        },
    );
    await rememberBatches(client, keyed, receipts);
    await insertModels(client, fresh, options);
    await insertDrifts(client, fresh);
    await client.query('commit');
    broken = false;
    return receipts;
  } catch (error) {
    // Only a server that has said what is wrong is asked once more; of any other the connection is given up at once.
    if (error instanceof KeyTaken || isDataError(error)) {
      broken = await client.query('rollback').then(
        () => false,
        () => true,
      );
    }
    throw error;
  } finally {
    client.release(broken);
  }
}

async function findRepeats(client: PoolClient, deliveries: readonly Delivery[]): Promise<Claim> {
  const keyed = deliveries.map((delivery, at) => [at, delivery] as const).filter(([, { batch }]) => batch !== null);
  const repeated = new Map<number, Receipt>();
  if (keyed.length === 0) return { repeated, keyed };
  const { rows } = await client.query<{ tenant_id: string; key: string; body_hash: string; result: Remembered }>(
    `select tenant_id, replace(key::text, '-', '') as key, replace(body_hash::text, '-', '') as body_hash, result
     from intake_batches join unnest($1::text[], $2::uuid[]) as wanted (tenant_id, key) using (tenant_id, key)`,
    [keyed.map(([, { tenantId }]) => tenantId), keyed.map(([, { batch }]) => batch?.key)],
  );
  const known = new Map(rows.map((row) => [`${row.tenant_id}\0${row.key}`, row]));
  for (const [at, { tenantId, batch }] of keyed) {
    const before = known.get(`${tenantId}\0${batch?.key ?? ''}`);
    if (before === undefined) continue;
    repeated.set(
      at,
      before.body_hash === batch?.bodyHash ? { kind: 'repeated', remembered: before.result } : { kind: 'other_body' },
    );
  }
  return { repeated, keyed: keyed.filter(([at]) => !repeated.has(at)) };
}

/** Takes the keys of samples, and marks their minutes: what is left are the lines of those that were not there before. */
async function claimSamples(
  client: PoolClient,
  fresh: readonly (readonly [number, Delivery])[],
  { dayOf, nowMs }: WriteOptions,
): Promise<{ lines: Line[]; duplicates: Map<number, number[]> }> {
  const duplicates = new Map<number, number[]>();
  const lines: Line[] = [];
  const seen = new Set<string>();
  const minutes = new Map<string, Map<string, Set<number>>>();
  for (const [at, { tenantId, samples }] of fresh) {
    const ofTenant = getOrMake(minutes, tenantId, () => new Map<string, Set<number>>());
    samples.forEach((row, index) => {
      const key = sampleKey(tenantId, row);
      if (seen.has(key)) {
        addTo(duplicates, at, index);
        return;
      }
      seen.add(key);
      lines.push({ delivery: at, index, text: sampleLine(tenantId, row), key });
      getOrMake(ofTenant, row.modelId, () => new Set()).add(Math.floor(row.timeMs / minuteMs));
    });
  }
  if (lines.length === 0) return { lines, duplicates };
  const taken = await claimKeys(client, [...seen], { day: dayOf(nowMs), marks: marksOf(minutes) });
  if (taken.size === 0) return { lines, duplicates };
  const winners: Line[] = [];
  for (const each of lines) {
    if (each.key !== null && taken.has(each.key)) addTo(duplicates, each.delivery, each.index);
    else winners.push(each);
  }
  return { lines: winners, duplicates };
}

/** A minute that has got samples of a model. */
interface Mark {
  tenantId: string;
  modelId: string;
  minute: string;
}

const minuteMs = 60_000;

function marksOf(minutes: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<number>>>): Mark[] {
  return [...minutes].flatMap(([tenantId, models]) =>
    [...models].flatMap(([modelId, ofModel]) =>
      [...ofModel].map((minute) => ({ tenantId, modelId, minute: new Date(minute * minuteMs).toISOString() })),
    ),
  );
}

/** Takes keys, and says which of them somebody had taken before. */
async function claimKeys(
  client: PoolClient,
  wanted: string[],
  { day, marks }: { day: string; marks: readonly Mark[] },
): Promise<Set<string>> {
  // In one order everywhere, or two writers could wait for each other.
  const keys = `{${wanted.sort().join(',')}}`;
  const { rowCount } = await client.query({
    name: 'claim-keys',
    text: `with marked as (
        insert into dirty_minutes (tenant_id, model_id, minute)
        select * from unnest($3::text[], $4::text[], $5::timestamptz[]))
      insert into sample_keys (key, day) select unnest($1::uuid[]), $2::date on conflict do nothing`,
    values: [
      keys,
      day,
      marks.map(({ tenantId }) => tenantId),
      marks.map(({ modelId }) => modelId),
      marks.map(({ minute }) => minute),
    ],
  });
  // Nearly always; which they were is asked only when some were taken, for the answer would cost every row.
  if (rowCount === wanted.length) return new Set();
  const { rows } = await client.query<{ key: string }>({
    name: 'taken-keys',
    text: `select replace(key::text, '-', '') as key from sample_keys
      where key = any($1::uuid[]) and xmin <> pg_current_xact_id()::xid`,
    values: [keys],
  });
  return new Set(rows.map(({ key }) => key));
}

function linesOf<Kind extends 'points' | 'spans'>(
  fresh: readonly (readonly [number, Delivery])[],
  kind: Kind,
  write: (tenantId: string, row: Delivery[Kind][number]) => string,
): Line[] {
  return fresh.flatMap(([at, { tenantId, [kind]: rows }]) =>
    rows.map((row, index) => ({ delivery: at, index, text: write(tenantId, row), key: null })),
  );
}

/** Copies rows; the indexes of those that were refused, by delivery. */
async function copy(
  client: PoolClient,
  table: Table,
  lines: readonly Line[],
  tolerant: boolean,
): Promise<Map<number, number[]>> {
  const refused = new Map<number, number[]>();
  if (lines.length === 0) return refused;
  const statement = `copy ${table} (${copyColumns[table]}) from stdin`;
  const send = async (part: readonly Line[]): Promise<void> => {
    const stream = client.query(copyFrom(statement));
    stream.end(Buffer.from(part.map((each) => each.text).join('')));
    await finished(stream);
  };
  const halve = async (part: readonly Line[]): Promise<void> => {
    const [first] = part;
    if (first === undefined) return;
    await client.query('savepoint part');
    try {
      await send(part);
      await client.query('release savepoint part');
    } catch (error) {
      if (!isDataError(error)) throw error;
      await client.query('rollback to savepoint part; release savepoint part');
      if (part.length === 1) {
        addTo(refused, first.delivery, first.index);
        return;
      }
      const half = Math.ceil(part.length / 2);
      await halve(part.slice(0, half));
      await halve(part.slice(half));
    }
  };
  await (tolerant ? halve(lines) : send(lines));
  return refused;
}

/** What was refused may come again, put right, under the same request id. */
async function forgetRefused(
  client: PoolClient,
  lines: readonly Line[],
  refused: ReadonlyMap<number, readonly number[]>,
): Promise<void> {
  if (refused.size === 0) return;
  const keys = lines.flatMap(({ delivery, index, key }) =>
    refused.get(delivery)?.includes(index) === true ? [key] : [],
  );
  await client.query('delete from sample_keys where key = any($1::uuid[])', [keys]);
}

async function rememberBatches(
  client: PoolClient,
  keyed: readonly (readonly [number, Delivery])[],
  receipts: readonly Receipt[],
): Promise<void> {
  const rows = keyed.flatMap(([at, { tenantId, batch, remember }]) => {
    const receipt = receipts[at];
    return batch === null || receipt?.kind !== 'stored' ? [] : [{ tenantId, ...batch, result: remember(receipt) }];
  });
  if (rows.length === 0) return;
  rows.sort((one, other) => (one.tenantId + one.key < other.tenantId + other.key ? -1 : 1));
  const { rowCount } = await client.query(
    `insert into intake_batches (tenant_id, key, body_hash, result)
     select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::jsonb[]) on conflict do nothing`,
    [
      rows.map(({ tenantId }) => tenantId),
      rows.map(({ key }) => key),
      rows.map(({ bodyHash }) => bodyHash),
      rows.map(({ result }) => JSON.stringify(result)),
    ],
  );
  if (rowCount !== rows.length) throw new KeyTaken('a key was taken by another writer');
}

/** Whoever is measured is in the registry, registered or not. */
async function insertModels(
  client: PoolClient,
  fresh: readonly (readonly [number, Delivery])[],
  { isKnownModel }: WriteOptions,
): Promise<void> {
  const unknown = new Map<string, readonly [string, string, string]>();
  for (const [, delivery] of fresh) {
    const { tenantId } = delivery;
    for (const [modelId, modelType] of modelsOf(delivery)) {
      if (!isKnownModel(tenantId, modelId)) unknown.set(`${tenantId}\0${modelId}`, [tenantId, modelId, modelType]);
    }
  }
  if (unknown.size === 0) return;
  const rows = [...unknown].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
  await client.query(
    `insert into models (tenant_id, id, name, model_type, registered)
     select tenant_id, id, id, model_type, false from unnest($1::text[], $2::text[], $3::text[]) as seen (tenant_id, id, model_type)
     on conflict do nothing`,
    [rows.map(([tenant]) => tenant), rows.map(([, model]) => model), rows.map(([, , type]) => type)],
  );
}

async function insertDrifts(client: PoolClient, fresh: readonly (readonly [number, Delivery])[]): Promise<void> {
  for (const [, { tenantId, drifts }] of fresh) {
    for (const row of drifts) {
      await client.query(
        `insert into reported_drift (id, time, tenant_id, model_id, drift_type, severity, confidence, feature, tags)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          row.id,
          new Date(row.timeMs),
          tenantId,
          row.modelId,
          row.driftType,
          row.severity,
          row.confidence,
          row.feature,
          JSON.stringify(row.tags),
        ],
      );
    }
  }
}

/** The database's word that it is the row: a value out of range, a constraint that it breaks. */
export function isDataError(thrown: unknown): boolean {
  const code: unknown = typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'code') : undefined;
  return typeof code === 'string' && /^2[23]/.test(code);
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

function addTo(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
