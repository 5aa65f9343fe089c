import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ajvDraft04 from 'ajv-draft-04';
import { parse } from 'yaml';
import { ImagePolicy, judgeImage, type TrivyReport } from '../src/scans/image-policy.ts';
import { mergeReports, readReport } from '../src/scans/sarif.ts';

const require = createRequire(import.meta.url);
const ajv = new ajvDraft04.default({ strict: false, validateFormats: false, unicodeRegExp: false });
const isSarif = ajv.compile(require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json') as object);

const gitleaks = JSON.stringify({
  version: '2.1.0',
  runs: [
    {
      tool: { driver: { name: 'gitleaks', semanticVersion: '8.28.0', rules: [{ id: 'generic-api-key' }] } },
      results: [
        {
          ruleId: 'generic-api-key',
          level: 'error',
          message: { text: 'A key.' },
          locations: [{ physicalLocation: { artifactLocation: { uri: 'a.env' }, region: { startLine: 3 } } }],
        },
      ],
    },
  ],
});
const trivy = JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'Trivy' } }, results: [] }] });

interface Log {
  runs: {
    tool: { driver: { name: string } };
    results: { ruleId: string; level: string }[];
    automationDetails: { id: string };
    invocations?: object[];
  }[];
}

describe('OP-13: several scanners in one report', () => {
  it('keeps every result as it came, and is SARIF 2.1.0', () => {
    const merged = mergeReports([readReport('gitleaks', gitleaks), readReport('trivy', trivy)]) as Log;
    expect(isSarif(merged)).toBe(true);
    expect(
      merged.runs.map(({ tool, results, automationDetails }) => [
        tool.driver.name,
        results.length,
        automationDetails.id,
      ]),
    ).toEqual([
      ['gitleaks', 1, 'gitleaks/1'],
      ['Trivy', 0, 'trivy/1'],
    ]);
    expect(merged.runs[0]?.results[0]).toMatchObject({ ruleId: 'generic-api-key', level: 'error' });
  });

  it.each([
    ['is not there', null, /no report/],
    ['is no JSON', '<html>', /no JSON/],
    ['is of another form', '{"version":"1.0.0","runs":[]}', /no SARIF/],
    ['is of no run', '{"version":"2.1.0","runs":[]}', /no run/],
  ])('OP-6: tells a scanner whose report %s as an error, never as clean', (_, text, reason) => {
    const merged = mergeReports([readReport('trivy', text)]) as Log;
    expect(isSarif(merged)).toBe(true);
    expect(merged.runs[0]).toMatchObject({
      invocations: [{ executionSuccessful: false }],
      results: [{ ruleId: 'scanner-missing', level: 'error', message: { text: expect.stringMatching(reason) } }],
    });
  });

  it('is refused by the schema when it is broken', () => {
    expect(isSarif({ version: '2.1.0', runs: [{ results: [] }] })).toBe(false);
  });
});

const digest = `sha256:${'a1'.repeat(32)}`;
const image = `ghcr.io/signalbox/gateway@${digest}`;
const now = new Date('2026-03-01T12:00:00Z');
const policy = ImagePolicy.parse({
  allowed_registries: ['ghcr.io/signalbox'],
  score_max: 6.9,
  score_denied: 9,
  scan_age_hours_max: 24,
  ignored: [
    { id: 'CVE-2026-1', until: '2026-04-01', reason: 'The code is not reached.' },
    { id: 'CVE-2026-2', until: '2026-02-28', reason: 'A fix was to be there by now.' },
  ],
});
const scan = (
  ...found: { VulnerabilityID: string; Severity: 'HIGH' | 'CRITICAL' | 'LOW' | 'UNKNOWN'; score?: number }[]
): TrivyReport => ({
  SchemaVersion: 2,
  CreatedAt: '2026-03-01T11:00:00.000Z',
  ArtifactName: image,
  Results: [
    {
      Target: 'debian',
      Vulnerabilities: found.map(({ score, ...one }) => ({
        PkgName: 'libc6',
        ...one,
        ...(score === undefined ? {} : { CVSS: { nvd: { V3Score: score } } }),
      })),
    },
  ],
});

describe('OP-7: the policy of images', () => {
  it.each([
    ['nothing is found', scan(), 'allow'],
    ['what is found is small', scan({ VulnerabilityID: 'CVE-1', Severity: 'HIGH', score: 6.9 }), 'allow'],
    ['what is found was accepted', scan({ VulnerabilityID: 'CVE-2026-1', Severity: 'CRITICAL', score: 9.8 }), 'allow'],
    ['the acceptance has ended', scan({ VulnerabilityID: 'CVE-2026-2', Severity: 'HIGH', score: 7.5 }), 'quarantine'],
    ['something is above the limit', scan({ VulnerabilityID: 'CVE-1', Severity: 'LOW', score: 7 }), 'quarantine'],
    ['nobody gave a score, and the word is high', scan({ VulnerabilityID: 'CVE-1', Severity: 'HIGH' }), 'quarantine'],
    ['nobody knows how bad it is', scan({ VulnerabilityID: 'CVE-1', Severity: 'UNKNOWN' }), 'deny'],
    ['something is far above', scan({ VulnerabilityID: 'CVE-1', Severity: 'CRITICAL', score: 9.8 }), 'deny'],
    ['nobody looked', null, 'unknown'],
    ['somebody looked at another image', { ...scan(), ArtifactName: 'ghcr.io/signalbox/other' }, 'unknown'],
    ['somebody looked last week', { ...scan(), CreatedAt: '2026-02-20T11:00:00.000Z' }, 'unknown'],
  ] as const)('when %s', (_, report, verdict) => {
    expect(judgeImage(image, report, policy, now).verdict).toBe(verdict);
  });

  it('denies images of strangers and images without a digest, whatever a scanner says', () => {
    expect(judgeImage(`docker.io/signalbox/gateway@${digest}`, scan(), policy, now).verdict).toBe('deny');
    expect(judgeImage(`ghcr.io/signalbox-evil/gateway@${digest}`, scan(), policy, now).verdict).toBe('deny');
    expect(judgeImage('ghcr.io/signalbox/gateway:1', scan(), policy, now).verdict).toBe('deny');
  });

  it('is kept in a file that can be read', async () => {
    const text = await readFile(join(import.meta.dirname, '../image-policy.yaml'), 'utf8');
    expect(ImagePolicy.parse(parse(text)).allowed_registries).toEqual(['ghcr.io/signalbox']);
  });
});

describe('OP-6, OP-7: the commands', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signalbox-scans-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function run(name: string, ...args: string[]): Promise<{ code: number; stdout: string }> {
    const main = join(import.meta.dirname, `../src/scans/${name}-main.ts`);
    return promisify(execFile)(process.execPath, ['--conditions=@signalbox/source', main, ...args]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: unknown) => error as { code: number; stdout: string },
    );
  }

  it('judge-image goes on with what is allowed only', async () => {
    const judged = async (report: object | null): Promise<[number, string]> => {
      const file = join(folder, 'scan.json');
      await rm(file, { force: true });
      if (report !== null) await writeFile(file, JSON.stringify(report));
      const policyFile = join(import.meta.dirname, '../image-policy.yaml');
      const { code, stdout } = await run('judge-image', '--image', image, '--scan', file, '--policy', policyFile);
      return [code, stdout.split('\n')[0] ?? ''];
    };
    const fresh = { ...scan(), CreatedAt: new Date().toISOString() };
    expect(await judged(fresh)).toEqual([0, 'allow']);
    expect(
      await judged({ ...scan({ VulnerabilityID: 'CVE-1', Severity: 'HIGH' }), CreatedAt: new Date().toISOString() }),
    ).toEqual([3, 'quarantine']);
    expect(
      await judged({
        ...scan({ VulnerabilityID: 'CVE-1', Severity: 'CRITICAL' }),
        CreatedAt: new Date().toISOString(),
      }),
    ).toEqual([4, 'deny']);
    expect(await judged(null)).toEqual([5, 'unknown']);
    expect(await judged({ nonsense: true })).toEqual([5, 'unknown']);
  });

  it('merge-scans writes one report, and names who is missing', async () => {
    await writeFile(join(folder, 'g.sarif'), gitleaks);
    const out = join(folder, 'all.sarif');
    const { code, stdout } = await run(
      'merge-scans',
      '--out',
      out,
      `gitleaks=${join(folder, 'g.sarif')}`,
      `trivy=${join(folder, 'no.sarif')}`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'gitleaks: read\ntrivy: unknown, there is no report\n' });
    expect(isSarif(JSON.parse(await readFile(out, 'utf8')))).toBe(true);
  });
});
