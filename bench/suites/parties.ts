// How long it takes to say whom a document names, among 10,000 and 100,000 parties: through the gateway, by each tier, the first
// time and when it was asked before.
//
//   npm run bench -- parties [--quick]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startMesh } from '@signalbox/local';
import pg from 'pg';
import { writeResults } from '../load/report.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const sizes = values.quick ? [1_000] : [10_000, 100_000];
const asked = values.quick ? 20 : 200;

const trades = (
  'trading logistics systems solutions foods energy partners holdings services group industries capital technologies ' +
  'international consulting media pharma motors textiles chemicals'
).split(' ');
const syllables = 'ba co du fe gi ha jo ka lu me ni or pa qui ro su ta ul va wen xi yo zar el'.split(' ');

/** The same names each time: two made-up words and a trade. */
function nameOf(n: number): string {
  let seed = (n * 2_654_435_761) % 4_294_967_296;
  const next = (limit: number): number => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.floor((seed / 4_294_967_296) * limit);
  };
  const word = (): string => Array.from({ length: 2 + next(2) }, () => syllables[next(syllables.length)]).join('');
  return `${word()} ${word()} ${trades[next(trades.length)] ?? ''}`;
}

const taxIdOf = (n: number): string => `TX${String(n).padStart(9, '0')}`;
const addressOf = (n: number): string =>
  `${String(1 + (n % 200))} ${nameOf(n).split(' ')[0] ?? ''} lane town ${String(n % 900)}`;
const keyOf = (text: string): string => text.split(' ').sort().join(' ');

await using cleanUp = new AsyncDisposableStack();
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
cleanUp.defer(() => {
  rmSync(folder, { recursive: true, force: true });
});
const mesh = cleanUp.use(
  await startMesh({
    home: join(folder, 'mesh'),
    overrides: { gateway: { LIMITS_DEFAULT_REQUESTS_PER_MINUTE: '1000000', LOOP_DELAY_MS_MAX: '60000' } },
  }),
);
const sql = new pg.Pool({ connectionString: mesh.postgresUrl, max: 1 });
cleanUp.defer(() => sql.end());
const authorization = `Bearer ${String(mesh.adminKey)}`;
const { tenant_id: tenantId } = (await (
  await fetch(new URL('/api/v1/users/me', mesh.gatewayUrl), { headers: { authorization } })
).json()) as { tenant_id: string };

interface Mention {
  name: string;
  tax_id?: string;
  address?: string;
}

/** What is asked of each tier: made from a party that is there, or from nobody's name. */
const questions: readonly (readonly [tier: string, mention: (n: number) => Mention])[] = [
  ['tax_id', (n) => ({ name: `renamed ${nameOf(n)} again`, tax_id: taxIdOf(n) })],
  ['name', (n) => ({ name: nameOf(n).split(' ').reverse().join(' ').toUpperCase() })],
  ['fuzzy_name', (n) => ({ name: nameOf(n).replace(/(?<=^.)(.)(.)/, '$2$1') })],
  ['name_and_address', (n) => ({ name: nameOf(n).replace(/ \w+$/, ' trade'), address: addressOf(n) })],
  ['new', (n) => ({ name: `${nameOf(9_000_000 + n)} ${String(n)}` })],
];

const results: Record<string, unknown>[] = [];
let filled = 0;
for (const size of sizes) {
  await fill(filled, size);
  filled = size;
  for (const [tier, mention] of questions) {
    const mentions = Array.from({ length: asked }, (_, index) => mention(Math.floor((index * size) / asked) + 1));
    const first = await timesOf(mentions);
    const again = tier === 'new' ? null : await timesOf(mentions);
    const row = {
      parties: size,
      tier,
      told_so: `${String(first.tiers.filter((found) => found === tier).length)}/${String(asked)}`,
      first_ms: percentiles(first.times),
      again_ms: again === null ? null : percentiles(again.times),
    };
    results.push(row);
    console.log(
      `${String(size).padStart(7)} parties  ${tier.padEnd(17)} ${row.told_so.padStart(8)}  first p50 ${show(row.first_ms.p50)} ` +
        `p95 ${show(row.first_ms.p95)}` +
        (row.again_ms === null ? '' : `  again p50 ${show(row.again_ms.p50)} p95 ${show(row.again_ms.p95)}`),
    );
  }
}
if (!values.quick) writeResults('parties', { asked_per_tier: asked, results });

async function fill(from: number, to: number): Promise<void> {
  const step = 5_000;
  for (let start = from; start < to; start += step) {
    const rows = Array.from({ length: Math.min(step, to - start) }, (_, index) => start + index + 1);
    await sql.query(
      `insert into research_pipeline.parties (id, tenant_id, name, name_key, tax_id, address, address_key)
        select 'party_bench_' || lpad(n::text, 9, '0'), $1, name, key, tax_id, address, address_key
        from unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
          as row (n, name, key, tax_id, address, address_key)`,
      [
        tenantId,
        rows,
        rows.map(nameOf),
        rows.map((n) => keyOf(nameOf(n))),
        rows.map(taxIdOf),
        rows.map(addressOf),
        rows.map((n) => keyOf(addressOf(n).replace('lane', 'ln'))),
      ],
    );
  }
  await sql.query('vacuum analyze research_pipeline.parties');
}

async function timesOf(mentions: readonly Mention[]): Promise<{ times: number[]; tiers: string[] }> {
  const times: number[] = [];
  const tiers: string[] = [];
  for (const mention of mentions) {
    const started = performance.now();
    const answer = await fetch(new URL('/api/v1/parties/resolve', mesh.gatewayUrl), {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(mention),
    });
    const body = (await answer.json()) as { tier?: string };
    times.push(performance.now() - started);
    if (!answer.ok) throw new Error(`a party was answered with ${String(answer.status)}: ${JSON.stringify(body)}`);
    tiers.push(body.tier ?? '');
  }
  return { times, tiers };
}

function percentiles(times: readonly number[]): { p50: number; p95: number } {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number): number => Math.round((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) * 100) / 100;
  return { p50: at(0.5), p95: at(0.95) };
}

function show(ms: number): string {
  return `${ms.toFixed(1).padStart(6)} ms`;
}
