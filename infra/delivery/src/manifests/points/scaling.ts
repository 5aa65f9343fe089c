import { deploymentsOf, find, inEachOverlay, settingsOf, unkept, type Point } from '../facts.ts';
import { at, listAt, numberAt, objectAt, textAt } from '../json.ts';
import { nameOf, ofKind, selects, type Manifest } from '../manifest.ts';

/** How many there are of a service, who decides it, and what may be taken away at a time. */
export const scalingPoints: readonly Point[] = [
  inEachOverlay(10, 'an autoscaler owns the number of replicas, and never goes below two', (overlay) => {
    if (!overlay.isOperated) return [];
    return deploymentsOf(overlay).flatMap((deployment) => {
      const { name } = deployment.metadata;
      const scaler = scalerOf(overlay.manifests, name);
      const min = minOf(scaler);
      const wanted = name === 'gateway' && overlay.name !== 'staging' ? 3 : 2;
      const share = settingsOf(overlay, name)['GATEWAY_REPLICAS'];
      return unkept(nameOf(deployment), [
        [at(deployment, 'spec.replicas') === undefined, 'replicas: every apply would set the number back'],
        [scaler !== undefined, 'no autoscaler has it'],
        [min >= wanted, `its autoscaler goes down to ${min}, not to ${wanted}`],
        [
          share === undefined || Number(share) === min,
          'GATEWAY_REPLICAS, by which limits are shared out, is the least number',
        ],
      ]);
    });
  }),
  inEachOverlay(11, 'a node can be drained, and takes one replica of a service with it', (overlay) => {
    const budgets = ofKind(overlay.manifests, 'PodDisruptionBudget');
    return deploymentsOf(overlay).flatMap((deployment) => {
      const labels = objectAt(deployment, 'spec.template.metadata.labels');
      const own = budgets.filter((budget) => selects(objectAt(budget, 'spec.selector.matchLabels'), labels));
      if (!overlay.isOperated)
        return unkept(nameOf(deployment), [[own.length === 0, 'with one replica a budget blocks drains']]);
      return unkept(nameOf(deployment), [
        [own.length === 1, 'one PodDisruptionBudget chooses it'],
        [own.every((budget) => textAt(budget, 'spec.maxUnavailable') === '1'), 'maxUnavailable must be 1'],
        [
          own.every((budget) => textAt(budget, 'spec.unhealthyPodEvictionPolicy') === 'AlwaysAllow'),
          'unhealthyPodEvictionPolicy must be AlwaysAllow, or what is broken blocks the drain',
        ],
      ]);
    });
  }),
  inEachOverlay(13, 'services grow at once with their load, and shrink slowly', (overlay) =>
    ofKind(overlay.manifests, 'HorizontalPodAutoscaler').flatMap((scaler) => {
      const metrics = listAt(scaler, 'spec.metrics');
      const behavior = objectAt(scaler, 'spec.behavior');
      return unkept(nameOf(scaler), [
        [scaler.apiVersion === 'autoscaling/v2', 'autoscaling/v2'],
        [metrics.some((metric) => textAt(metric, 'resource.name') === 'cpu'), 'scales on CPU'],
        [metrics.some((metric) => textAt(metric, 'type') === 'Pods'), 'scales on a metric of its own as well'],
        [(numberAt(behavior, 'scaleDown.stabilizationWindowSeconds') ?? 0) >= 300, 'scaleDown waits for 300 s'],
        [listAt(behavior, 'scaleUp.policies').length > 0, 'scaleUp has policies'],
        [
          find(overlay, 'Deployment', textAt(scaler, 'spec.scaleTargetRef.name')) !== undefined,
          'what it scales is not there',
        ],
      ]);
    }),
  ),
  inEachOverlay(14, 'workers grow with how long work waits, and some are always there', (overlay) => {
    const scaled = ofKind(overlay.manifests, 'ScaledObject');
    const wanted = overlay.isOperated
      ? unkept('ScaledObject research-pipeline', [[scaled.length > 0, 'is not there']])
      : [];
    return [
      ...wanted,
      ...scaled.flatMap((scaler) => {
        const queries = listAt(scaler, 'spec.triggers').map((trigger) => textAt(trigger, 'metadata.query'));
        return unkept(nameOf(scaler), [
          [
            (numberAt(scaler, 'spec.minReplicaCount') ?? 0) >= 1,
            'minReplicaCount: what stalled needs one to take it up',
          ],
          [numberAt(scaler, 'spec.cooldownPeriod') !== null, 'set cooldownPeriod'],
          [(numberAt(scaler, 'spec.fallback.replicas') ?? 0) >= 2, 'has a fallback for when Prometheus is away'],
          [queries.some((query) => /_(lag|idle|wait)\w*_seconds/.test(query)), 'scales on the age of what waits'],
          [
            queries.some((query) => query.includes('delayed') && query.includes('prioritized')),
            'counts waiting, prioritized and delayed',
          ],
          [
            find(overlay, 'Deployment', textAt(scaler, 'spec.scaleTargetRef.name')) !== undefined,
            'what it scales is not there',
          ],
        ]);
      }),
    ];
  }),
];

function scalerOf(manifests: readonly Manifest[], name: string): Manifest | undefined {
  return ofKind(manifests, 'HorizontalPodAutoscaler', 'ScaledObject').find(
    (scaler) => textAt(scaler, 'spec.scaleTargetRef.name') === name,
  );
}

function minOf(scaler: Manifest | undefined): number {
  return numberAt(scaler, 'spec.minReplicas') ?? numberAt(scaler, 'spec.minReplicaCount') ?? 1;
}
