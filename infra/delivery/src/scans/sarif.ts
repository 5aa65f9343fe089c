import { z } from 'zod';

/** Of SARIF 2.1.0 what is read of a scanner's report; all else passes through as it came. */
export const SarifLog = z.looseObject({
  version: z.literal('2.1.0'),
  runs: z.array(
    z.looseObject({
      tool: z.looseObject({ driver: z.looseObject({ name: z.string().min(1) }) }),
      results: z.array(z.looseObject({ message: z.looseObject({}) })).optional(),
    }),
  ),
});
export type SarifLog = z.infer<typeof SarifLog>;

/** What a scanner said. `unknown`: it said nothing that could be read, which is not the same as that there is nothing. */
export type ScanReport =
  { name: string; kind: 'read'; log: SarifLog } | { name: string; kind: 'unknown'; reason: string };

/** Reads what a scanner wrote. `text` is null where it wrote nothing. */
export function readReport(name: string, text: string | null): ScanReport {
  if (text === null) return { name, kind: 'unknown', reason: 'there is no report' };
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return { name, kind: 'unknown', reason: 'the report is no JSON' };
  }
  const parsed = SarifLog.safeParse(content);
  if (!parsed.success) return { name, kind: 'unknown', reason: 'the report is no SARIF 2.1.0' };
  if (parsed.data.runs.length === 0) return { name, kind: 'unknown', reason: 'the report is of no run' };
  return { name, kind: 'read', log: parsed.data };
}

/**
 * One log of all reports: the runs as they came, each under the category of its scanner, and for a scanner that is missing a
 * run that did not succeed and a result that says so. A missing scanner is never a clean one.
 */
export function mergeReports(reports: readonly ScanReport[]): object {
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: reports.flatMap((report) =>
      report.kind === 'read'
        ? report.log.runs.map((run, index) => ({
            ...run,
            automationDetails: { id: `${report.name}/${String(index + 1)}` },
          }))
        : [missingRun(report.name, report.reason)],
    ),
  };
}

const missingRule = 'scanner-missing';

function missingRun(name: string, reason: string): object {
  return {
    tool: {
      driver: {
        name,
        rules: [{ id: missingRule, shortDescription: { text: 'A scanner that was to run gave no report.' } }],
      },
    },
    automationDetails: { id: `${name}/1` },
    invocations: [{ executionSuccessful: false }],
    results: [
      {
        ruleId: missingRule,
        level: 'error',
        kind: 'fail',
        message: { text: `${name}: ${reason}. What it would have found is unknown.` },
        locations: [{ physicalLocation: { artifactLocation: { uri: '.github/workflows/security.yml' } } }],
      },
    ],
  };
}
