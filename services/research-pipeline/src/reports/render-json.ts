import { ResearchReport } from '@signalbox/contracts';
import type { Report } from './report.ts';

/** The report as its contract has it, as UTF-8; the same report is the same bytes. */
export function renderJson(report: Report): Buffer {
  return Buffer.from(`${JSON.stringify(presentReport(report), null, 2)}\n`);
}

/** Names as the API writes them, in every depth; values as they are. */
function presentReport(report: Report): ResearchReport {
  return ResearchReport.parse(toSnakeCase(report));
}

/** Members whose names are values: amounts and verdicts. */
const namedByValue = new Set(['budget', 'spent', 'verdicts']);

function toSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toSnakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      namedByValue.has(name) ? member : toSnakeCase(member),
    ]),
  );
}
