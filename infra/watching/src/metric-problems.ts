import { parse } from 'yaml';

/** A file of the repository: its path from the root, with `/`, and what it holds. */
export interface SourceFile {
  path: string;
  text: string;
}

// What Prometheus says itself, what prom-client collects of any process, and what the exporters of a cluster tell.
const ofOthers = /^(up|process_\w+|nodejs_\w+|kubelet_volume_stats_\w+|certmanager_\w+|kube_cronjob_\w+)$/;
const words = new Set([
  ...[
    'sum',
    'rate',
    'increase',
    'max',
    'min',
    'avg',
    'by',
    'on',
    'and',
    'or',
    'unless',
    'without',
    'absent',
    'vector',
    'time',
  ],
  ...['histogram_quantile', 'avg_over_time', 'label_replace', 'group_left', 'bool', 'count', 'le'],
]);

/** The names of metrics that an expression of PromQL asks for. */
export function metricNamesIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|on|without|group_left|ignoring)\s*\([^)]*\)/g, '');
  return [...new Set(bare.match(/[a-zA-Z_:][\w:]*/g) ?? [])].filter((name) => !words.has(name));
}

/** The metrics that the services register, by their sources, with the names that a histogram adds, and what rules record. */
export function registeredMetrics(files: readonly SourceFile[]): Set<string> {
  const sources = files.filter(
    ({ path }) => /^(services|packages)\/[^/]+\/src\/.*\.ts$/.test(path) && !path.endsWith('.test.ts'),
  );
  const names = sources.flatMap(({ text }) =>
    [...text.matchAll(/\b(counter|gauge|histogram|Gauge|Counter|Histogram)\(\{\s*name: '(\w+)'/g)].flatMap((match) => {
      const name = match[2] ?? '';
      return match[1]?.toLowerCase() === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    }),
  );
  return new Set([...names, ...rulesOf(files).flatMap(({ record }) => record ?? [])]);
}

/** Expressions that ask for what no service registers, one line for each. */
export function metricProblems(
  expressions: readonly { where: string; expr: string }[],
  registered: ReadonlySet<string>,
): string[] {
  return expressions.flatMap(({ where, expr }) =>
    metricNamesIn(expr)
      .filter((name) => !registered.has(name) && !ofOthers.test(name))
      .map((name) => `${where}: nobody registers ${name}`),
  );
}

/** The expressions of the files of rules, each with where it stands. */
export function ruleExpressions(files: readonly SourceFile[]): { where: string; expr: string }[] {
  return rulesOf(files).map(({ path, alert, record, expr }) => ({ where: `${path}: ${alert ?? record ?? ''}`, expr }));
}

interface Rule {
  path: string;
  alert?: string;
  record?: string;
  expr: string;
}

function rulesOf(files: readonly SourceFile[]): Rule[] {
  return files
    .filter(({ path }) => /^infra\/watching\/rules\/[\w-]+\.yaml$/.test(path))
    .flatMap(({ path, text }) => {
      const { groups } = parse(text) as { groups: { rules: Omit<Rule, 'path'>[] }[] };
      return groups.flatMap(({ rules }) => rules.map((rule) => ({ path, ...rule })));
    });
}
