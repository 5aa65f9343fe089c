import { deploymentsOf, unkept, type Facts, type Point } from '../facts.ts';
import { numberAt, objectAt } from '../json.ts';
import { nameOf } from '../manifest.ts';
import { schemaProblems } from '../schema-problems.ts';

/** How a change gets there, and back. */
export const deliveryPoints: readonly Point[] = [
  {
    number: 31,
    promise: 'a bad release goes back by itself, and any by one command',
    problems: (facts) => [
      ...facts.overlays.flatMap((overlay) =>
        deploymentsOf(overlay).flatMap((deployment) =>
          unkept(`${overlay.name}: ${nameOf(deployment)}`, [
            [(numberAt(deployment, 'spec.revisionHistoryLimit') ?? 0) >= 2, 'keeps nothing to go back to'],
            [
              Object.keys(objectAt(deployment, 'spec.selector.matchLabels')).join() === 'app.kubernetes.io/name',
              'a selector that names a version cannot be rolled back',
            ],
          ]),
        ),
      ),
      ...workflowProblems(facts, 'deploy', [/roll-out/, /migrat/i, /environment:/]),
    ],
  },
  {
    number: 33,
    promise: 'every manifest keeps the schema of its kind, unknown fields refused, here and in CI',
    problems: (facts) => [
      ...new Set(facts.overlays.flatMap(({ manifests }) => manifests.flatMap(schemaProblems))),
      ...workflowProblems(facts, 'ci', [/kubectl kustomize/, /\.ci\/run|npm run check|npm test/]),
    ],
  },
];

function workflowProblems({ files }: Facts, name: string, wanted: readonly RegExp[]): string[] {
  const path = `.github/workflows/${name}.yml`;
  const text = files.find((file) => file.path === path)?.text;
  if (text === undefined) return [`${path} is not there`];
  return wanted.filter((pattern) => !pattern.test(text)).map((pattern) => `${path}: does no ${pattern.source}`);
}
