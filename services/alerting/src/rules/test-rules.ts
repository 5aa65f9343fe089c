import { signalKinds } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { z } from 'zod';
import type { AlertRecord } from '../alerts/alert.ts';
import { parseDuration } from '../configuration/duration.ts';
import { matchRoutes, type Route } from '../routing/route.ts';
import type { SignalRow } from '../signals/signal-tables.ts';
import { playRule } from './preview-rule.ts';
import { readRules, type ReadRule } from './read-rules.ts';
import { readInputSeries, type InputSeries } from './read-input-series.ts';
import { sourcesOfTest } from './sources-of-test.ts';

const text = z.record(z.string(), z.string());
const TestsFile = z.looseObject({
  tests: z
    .array(
      z.strictObject({
        name: z.string().max(200).optional(),
        interval: z.string(),
        input_series: z
          .array(z.strictObject({ series: z.string(), values: z.string() }))
          .max(1_000)
          .optional(),
        signals: z
          .array(
            z.strictObject({
              signal: z.enum(signalKinds),
              subject: z.string(),
              state: z.string(),
              at: z.string(),
              labels: text.optional(),
              details: text.optional(),
            }),
          )
          .max(1_000)
          .optional(),
        alert_rule_test: z
          .array(
            z.strictObject({
              eval_time: z.string(),
              alertname: z.string(),
              exp_alerts: z
                .array(
                  z.strictObject({
                    exp_labels: text.optional(),
                    exp_annotations: text.optional(),
                    exp_receivers: z.array(z.string()).optional(),
                  }),
                )
                .optional(),
            }),
          )
          .min(1)
          .max(1_000),
      }),
    )
    .min(1)
    .max(1_000),
});
type UnitTest = z.infer<typeof TestsFile>['tests'][number];
type Expectation = UnitTest['alert_rule_test'][number];

export interface TestResult {
  name: string;
  passed: boolean;
  failures: string[];
}

const momentsMax = 5_000;
/** Where the time of a test begins: a multiple of every window that divides a week. */
const epoch = Date.UTC(2024, 0, 1);

/**
 * Runs the unit tests of a file by its rules, as promtool runs them: a value of a series at each interval, evaluated then.
 * They are read, judged, stepped and routed by what does so in earnest. Throws `validation_failed` for what cannot be read.
 */
export async function testRules(document: unknown, route: Route): Promise<TestResult[]> {
  const rules = readRules(document);
  const read = TestsFile.safeParse(document);
  if (!read.success) {
    const fields = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    throw new AppError('validation_failed', undefined, { fields });
  }
  const results: TestResult[] = [];
  for (const [index, test] of read.data.tests.entries()) {
    const failures = await runTest(test, rules, route, `tests.${String(index)}`);
    results.push({ name: test.name ?? `test ${String(index + 1)}`, passed: failures.length === 0, failures });
  }
  return results;
}

async function runTest(test: UnitTest, rules: readonly ReadRule[], route: Route, path: string): Promise<string[]> {
  const intervalMs = durationAt(`${path}.interval`, test.interval);
  if (intervalMs === 0) throw invalid(`${path}.interval`, 'Expected more than nothing.');
  const series = (test.input_series ?? []).map((one, at): InputSeries => {
    const parsed = readInputSeries(one);
    if (parsed === null)
      throw invalid(`${path}.input_series.${String(at)}`, 'Expected metric{name="value"} and values.');
    return parsed;
  });
  const signals = (test.signals ?? []).map((one, at): SignalRow => {
    const time = new Date(epoch + durationAt(`${path}.signals.${String(at)}.at`, one.at));
    const said = { labels: one.labels ?? {}, details: one.details ?? {} };
    return { tenant_id: '', ...one, ...said, value: 1, at: time, expires_at: null };
  });
  const failures: string[] = [];
  for (const [at, expected] of test.alert_rule_test.entries()) {
    const untilMs = durationAt(`${path}.alert_rule_test.${String(at)}.eval_time`, expected.eval_time);
    const moments = Math.floor(untilMs / intervalMs) + 1;
    if (moments > momentsMax) throw invalid(`${path}.interval`, `Expected at most ${String(momentsMax)} evaluations.`);
    const found = rules.filter(({ spec }) => spec.name === expected.alertname);
    if (found.length === 0) failures.push(`There is no rule ${expected.alertname}.`);
    const slots = Array.from({ length: moments }, (_, index) => new Date(epoch + index * intervalMs));
    for (const { spec } of found) {
      const sources = sourcesOfTest({ series, signals, intervalMs, epoch });
      const played = await playRule({ spec, sources }, slots);
      const firing = (played.at(-1)?.alerts ?? []).filter(({ state }) => state === 'firing');
      failures.push(...compare(expected, firing, route));
    }
  }
  return failures;
}

function compare(
  { eval_time: time, alertname, exp_alerts: wanted = [] }: Expectation,
  firing: AlertRecord[],
  route: Route,
) {
  const where = `${alertname} at ${time}`;
  const failures: string[] = [];
  const left = [...firing];
  for (const expected of wanted) {
    const index = left.findIndex(({ labels }) => contains(labels, expected.exp_labels ?? {}));
    const [alert] = index === -1 ? [] : left.splice(index, 1);
    if (alert === undefined) {
      failures.push(`${where}: expected an alert of ${JSON.stringify(expected.exp_labels ?? {})}; none fires.`);
      continue;
    }
    for (const [name, value] of Object.entries(expected.exp_annotations ?? {})) {
      if (alert.annotations[name] !== value)
        failures.push(`${where}: expected the annotation ${name} ${JSON.stringify(value)}, not ${said(alert, name)}.`);
    }
    if (expected.exp_receivers !== undefined) {
      const receivers = matchRoutes(route, alert.labels).map(({ receiver }) => receiver);
      if (JSON.stringify(receivers) !== JSON.stringify(expected.exp_receivers))
        failures.push(
          `${where}: expected the receivers ${expected.exp_receivers.join(', ')}, not ${receivers.join(', ')}.`,
        );
    }
  }
  for (const { labels } of left) failures.push(`${where}: unexpected alert ${JSON.stringify(labels)}.`);
  return failures;
}

function said({ annotations }: AlertRecord, name: string): string {
  return JSON.stringify(annotations[name] ?? null);
}

function contains(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

function durationAt(path: string, duration: string): number {
  const ms = parseDuration(duration);
  if (ms === null) throw invalid(path, 'Expected a duration such as 30s, 5m or 1h30m.');
  return ms;
}

function invalid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}
