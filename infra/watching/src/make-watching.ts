import { parse, stringify } from 'yaml';
import { toGrafana, type Dashboard } from './dashboard.ts';
import type { SourceFile } from './metric-problems.ts';

const rulesFile = /^infra\/watching\/rules\/([\w-]+)\.yaml$/;

/** The files that are made of what stands here: Grafana's dashboards, and the rules as Prometheus' operator takes them. */
export function makeWatching(files: readonly SourceFile[], dashboards: readonly Dashboard[]): SourceFile[] {
  const boards = dashboards.map((dashboard) => ({
    path: `infra/watching/grafana/dashboards/${dashboard.title.toLowerCase().replaceAll(' ', '-')}.json`,
    text: toGrafana(dashboard),
  }));
  const rules = files
    .filter(({ path }) => rulesFile.test(path))
    .map(({ path, text }) => {
      const name = rulesFile.exec(path)?.[1] ?? '';
      const { groups } = parse(text) as { groups: unknown[] };
      const manifest = {
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'PrometheusRule',
        metadata: { name: `signalbox-${name}` },
        spec: { groups },
      };
      return stringify(manifest, { lineWidth: 0 });
    });
  const heading = '# Made of infra/watching/rules by `npm run check -- --write`.\n';
  return [...boards, { path: 'k8s/watching/rules.yaml', text: `${heading}${rules.join('---\n')}` }];
}
