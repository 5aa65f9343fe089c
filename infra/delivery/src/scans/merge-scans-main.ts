import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { mergeReports, readReport } from './sarif.ts';

const { values, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true });
if (values.out === undefined || positionals.length === 0 || positionals.some((one) => !one.includes('='))) {
  console.error('merge-scans --out all.sarif NAME=FILE …');
  process.exitCode = 2;
} else {
  const reports = await Promise.all(
    positionals.map(async (given) => {
      const [name = '', file = ''] = given.split(/=(.*)/s);
      return readReport(name, await readFile(file, 'utf8').catch(() => null));
    }),
  );
  await writeFile(values.out, `${JSON.stringify(mergeReports(reports), null, 2)}\n`);
  for (const report of reports)
    console.log(`${report.name}: ${report.kind === 'read' ? 'read' : `unknown, ${report.reason}`}`);
}
