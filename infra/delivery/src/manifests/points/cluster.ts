import { find, inEachOverlay, missing, podProblems, unkept, type Point } from '../facts.ts';
import { entryOf, listAt, numberAt, objectAt, textAt } from '../json.ts';
import { nameOf, ofKind } from '../manifest.ts';

/** The room in the cluster that all share: what it admits, who goes first, how much there is, who may change it. */
export const clusterPoints: readonly Point[] = [
  inEachOverlay(1, 'the namespace admits restricted pods only, by a pinned version of the standard', (overlay) => {
    const namespaces = ofKind(overlay.manifests, 'Namespace');
    if (namespaces.length === 0) return missing('Namespace');
    return namespaces.flatMap((namespace) => {
      const labels = objectAt(namespace, 'metadata.labels');
      return ['enforce', 'warn', 'audit'].flatMap((mode) =>
        unkept(nameOf(namespace), [
          [labels[`pod-security.kubernetes.io/${mode}`] === 'restricted', `${mode}: restricted`],
          [
            /^v1\.\d+$/.test(entryOf(labels, `pod-security.kubernetes.io/${mode}-version`)),
            `${mode}-version: v1.…, not latest`,
          ],
        ]),
      );
    });
  }),
  inEachOverlay(28, 'when room is short, the gateway stays and batch work waits', (overlay) => {
    const valueOf = (name: string): number =>
      numberAt(find(overlay, 'PriorityClass', `signalbox-${name}`), 'value') ?? NaN;
    const order = ['gateway', 'stores', 'chat', 'workers', 'batch'];
    const isOrdered = order.every((name, index) => index === 0 || valueOf(order[index - 1] ?? '') > valueOf(name));
    const batch = find(overlay, 'PriorityClass', 'signalbox-batch');
    return [
      ...unkept('PriorityClasses', [
        [isOrdered, `their values must fall: ${order.join(', ')}`],
        [textAt(batch, 'preemptionPolicy') === 'Never', 'batch takes room from nobody'],
      ]),
      ...podProblems(overlay, ({ owner, spec }) => {
        const name = textAt(spec, 'priorityClassName');
        return unkept(nameOf(owner), [
          [find(overlay, 'PriorityClass', name) !== undefined, 'has no PriorityClass of ours'],
        ]);
      }),
    ];
  }),
  inEachOverlay(29, 'the namespace has an end, and so has a container that says nothing', (overlay) => {
    const [quota] = ofKind(overlay.manifests, 'ResourceQuota');
    const [range] = ofKind(overlay.manifests, 'LimitRange');
    return unkept('the namespace', [
      [
        ['pods', 'requests.cpu', 'limits.memory'].every((key) => key in objectAt(quota, 'spec.hard')),
        'ResourceQuota: pods, CPU, memory',
      ],
      [
        listAt(range, 'spec.limits').some((limit) => textAt(limit, 'default.memory') !== ''),
        'LimitRange: a default of memory',
      ],
    ]);
  }),
  inEachOverlay(30, 'who rolls out may do that and no more', (overlay) => {
    const roles = ofKind(overlay.manifests, 'Role');
    const teams = new Set(
      ofKind(overlay.manifests, 'Deployment').map((one) =>
        entryOf(objectAt(one, 'metadata.labels'), 'signalbox.io/team'),
      ),
    );
    return [
      ...ofKind(overlay.manifests, 'ClusterRole', 'ClusterRoleBinding').map(
        (role) => `${nameOf(role)}: a Role is enough`,
      ),
      ...[...teams].flatMap((team) =>
        unkept(`team ${team}`, [
          [find(overlay, 'Role', `deploy-${team}`) !== undefined, 'has no Role to roll out with'],
        ]),
      ),
      ...roles.flatMap((role) =>
        listAt(role, 'rules').flatMap((rule) => {
          const granted = [...listAt(rule, 'verbs'), ...listAt(rule, 'resources'), ...listAt(rule, 'apiGroups')];
          return unkept(nameOf(role), [
            [!granted.includes('*'), 'grants *'],
            [!listAt(rule, 'resources').includes('secrets'), 'reads secrets'],
            [
              !['impersonate', 'escalate', 'bind', 'pods/exec'].some((one) => granted.includes(one)),
              'grants more than a roll-out needs',
            ],
          ]);
        }),
      ),
    ];
  }),
];
