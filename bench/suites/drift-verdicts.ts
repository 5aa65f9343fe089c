// `npm run bench -- drift-verdicts`: how often verdicts are wrong, and what they cost. `--cost`: only what they cost.
import { parseArgs } from 'node:util';
import { writeResults } from '../load/report.ts';
import { judgeNormalColumns, simulate } from '../../services/monitoring-ingest/test/drift-simulation.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, cost: { type: 'boolean', default: false } },
});
const factor = values.quick ? 0.05 : 1;
const runs: Readonly<Record<number, number>> = { 1: 4_000, 10: 1_000, 100: 200 };
const columnCounts = [1, 10, 100];

if (!values.cost) tellErrors();

console.log('\nWhat judging 100 columns costs, once they are in memory and sorted.');
const costs: { rows: number; columns: number; milliseconds: number }[] = [];
for (const rows of [10_000, 1_000_000]) {
  const columns = values.quick ? 5 : 100;
  const milliseconds = Math.round(judgeNormalColumns(rows, columns));
  costs.push({ rows, columns, milliseconds });
  console.log(`${String(rows)} rows × ${String(columns)} columns: ${String(milliseconds)} ms`);
}
if (!values.quick) writeResults('drift-cost', { costs });

function tellErrors(): void {
  console.log('No drift: the share of models that are called drifting in a window. At most 5 % is wanted.');
  for (const [reference, current] of [
    [200, 200],
    [5_000, 100],
    [5_000, 5_000],
  ] as const) {
    for (const columns of columnCounts) {
      const count = Math.ceil((runs[columns] ?? 0) * factor);
      tell(reference, current, columns, count, simulate({ reference, current, columns, runs: count, seed: 1 }));
    }
  }

  console.log(
    '\nOne column moved by half a standard deviation: the share of models in which it is found. 95 % is wanted.',
  );
  for (const reference of [500, 5_000]) {
    for (const columns of columnCounts) {
      const count = Math.ceil((runs[columns] ?? 0) * factor * 0.5);
      const found = simulate({ reference, current: 500, columns, runs: count, seed: 2, shift: 0.5 });
      tell(reference, 500, columns, count, found);
    }
  }
}

function tell(reference: number, current: number, columns: number, count: number, share: number): void {
  const sizes = `${String(reference)}/${String(current)} rows, ${String(columns)} columns, ${String(count)} runs`;
  console.log(`${sizes}: ${(share * 100).toFixed(2)} %`);
}
