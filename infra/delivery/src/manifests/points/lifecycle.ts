import { deploymentsOf, inEachOverlay, settingsOf, unkept, type Point } from '../facts.ts';
import { at, isObject, listAt, numberAt, objectAt, textAt, type JsonObject } from '../json.ts';
import { nameOf, ofKind, podsOf, type Manifest } from '../manifest.ts';

/** By what a service does: the longest answer or job that an end has to wait for. */
const graceMin: Readonly<Record<string, number>> = { gateway: 60, 'chat-router': 150 };
const graceMinOfWorkers = 120;

/** How a service's pods begin, end and follow each other. */
export const lifecyclePoints: readonly Point[] = [
  inEachOverlay(6, 'probes ask the admin port, and being alive depends on nothing else', (overlay) =>
    podsOf(overlay.manifests)
      .filter(({ owner }) => ['Deployment', 'StatefulSet'].includes(owner.kind))
      .flatMap(({ owner, containers }) => containers.flatMap((container) => probeProblems(owner, container))),
  ),
  inEachOverlay(7, 'a pod goes on serving until endpoints have forgotten it', (overlay) =>
    deploymentsOf(overlay).flatMap((deployment) => {
      const seconds = numberAt(containerOf(deployment), 'lifecycle.preStop.sleep.seconds') ?? 0;
      return unkept(nameOf(deployment), [[seconds >= 5 && seconds <= 10, 'preStop sleeps for 5 to 10 seconds']]);
    }),
  ),
  inEachOverlay(8, 'the time to end is longer than what ending takes', (overlay) =>
    deploymentsOf(overlay).flatMap((deployment) => {
      const { name } = deployment.metadata;
      const container = containerOf(deployment);
      const grace = numberAt(deployment, 'spec.template.spec.terminationGracePeriodSeconds') ?? 30;
      const sleep = numberAt(container, 'lifecycle.preStop.sleep.seconds') ?? 0;
      const settings = settingsOf(overlay, name);
      const drain =
        (Number(settings['SHUTDOWN_GRACE_MS'] ?? 15_000) + Number(settings['SHUTDOWN_DELAY_MS'] ?? 0)) / 1000;
      return unkept(nameOf(deployment), [
        [grace > sleep + drain, `terminationGracePeriodSeconds must be above ${sleep + drain}`],
        [
          grace >= (graceMin[name] ?? graceMinOfWorkers),
          `its answers and jobs take up to ${graceMin[name] ?? graceMinOfWorkers} s`,
        ],
        [!('command' in container) && !('args' in container), "node is the process, as the image's CMD says"],
      ]);
    }),
  ),
  inEachOverlay(9, 'a roll-out takes nothing away before the new is there', (overlay) =>
    deploymentsOf(overlay).flatMap((deployment) => {
      const spec = objectAt(deployment, 'spec');
      return unkept(nameOf(deployment), [
        [textAt(spec, 'strategy.type') === 'RollingUpdate', 'strategy must be RollingUpdate'],
        [textAt(spec, 'strategy.rollingUpdate.maxUnavailable') === '0', 'maxUnavailable must be 0'],
        [['1', '25%'].includes(textAt(spec, 'strategy.rollingUpdate.maxSurge')), 'maxSurge must be 1 or 25%'],
        [(numberAt(spec, 'minReadySeconds') ?? 0) >= 10, 'minReadySeconds must be 10 or more'],
        [numberAt(spec, 'progressDeadlineSeconds') !== null, 'set progressDeadlineSeconds'],
        [numberAt(spec, 'revisionHistoryLimit') === 5, 'revisionHistoryLimit must be 5'],
      ]);
    }),
  ),
  inEachOverlay(12, 'replicas are spread over zones and nodes, each version by itself', (overlay) =>
    deploymentsOf(overlay).flatMap((deployment) => {
      const spreads = listAt(deployment, 'spec.template.spec.topologySpreadConstraints');
      return ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].flatMap((key) => {
        const spread = spreads.find((one) => textAt(one, 'topologyKey') === key);
        return unkept(nameOf(deployment), [
          [spread !== undefined, `spread over ${key}`],
          [
            listAt(spread, 'matchLabelKeys').includes('pod-template-hash'),
            `${key}: matchLabelKeys: [pod-template-hash]`,
          ],
        ]);
      });
    }),
  ),
  inEachOverlay(24, 'migrations are jobs that end, before the pods and not in them', (overlay, { services }) =>
    services.flatMap(({ name }) => {
      const job = ofKind(overlay.manifests, 'Job').find(({ metadata }) => metadata.name === `${name}-migrate`);
      const deployment = deploymentsOf(overlay).find(({ metadata }) => metadata.name === name);
      if (deployment === undefined) return [`Deployment ${name} is not there`];
      if (job === undefined) return [`Job ${name}-migrate is not there`];
      const container = containerOf(job);
      const variables = listAt(container, 'env').map((variable) => textAt(variable, 'name'));
      return unkept(nameOf(job), [
        [(numberAt(job, 'spec.backoffLimit') ?? 6) <= 2, 'backoffLimit must be 2 or less'],
        [numberAt(job, 'spec.activeDeadlineSeconds') !== null, 'set activeDeadlineSeconds'],
        [numberAt(job, 'spec.ttlSecondsAfterFinished') !== null, 'set ttlSecondsAfterFinished'],
        [textAt(job, 'spec.template.spec.restartPolicy') === 'Never', 'restartPolicy must be Never'],
        [variables.includes('MIGRATION_DATABASE_URL_FILE'), "it migrates as the schema's owner"],
        [textAt(container, 'image') === textAt(containerOf(deployment), 'image'), 'it runs the image of its service'],
        [listAt(container, 'command')[0] === 'node', 'node is the process'],
        [listAt(deployment, 'spec.template.spec.initContainers').length === 0, 'pods do not migrate'],
      ]);
    }),
  ),
  {
    number: 32,
    promise: 'a worker has the time to hand its job on before the lock of the job ends',
    problems: ({ overlays, files }) => {
      const text = files.find(({ path }) => path === 'packages/queue/src/worker.ts')?.text ?? '';
      const lockMs = Number(/lockDuration(?:Ms)?[:=]\s*([\d_]+)/.exec(text)?.[1]?.replaceAll('_', '') ?? NaN);
      return overlays.flatMap((overlay) =>
        deploymentsOf(overlay).flatMap((deployment) => {
          const grace = numberAt(deployment, 'spec.template.spec.terminationGracePeriodSeconds') ?? 30;
          const annotations = Object.keys(objectAt(deployment, 'spec.template.metadata.annotations'));
          return unkept(`${overlay.name}: ${nameOf(deployment)}`, [
            [!(grace * 1000 < lockMs), `terminationGracePeriodSeconds must outlast the lock of ${lockMs / 1000} s`],
            [!annotations.some((key) => /do-not-disrupt|safe-to-evict/.test(key)), 'nodes may be drained'],
          ]);
        }),
      );
    },
  },
];

function containerOf(owner: Manifest): JsonObject {
  const [container] = listAt(owner, 'spec.template.spec.containers');
  return isObject(container) ? container : {};
}

function probeProblems(owner: Manifest, container: JsonObject): string[] {
  const isService = owner.kind === 'Deployment';
  const [startup, live, ready] = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((key) =>
    objectAt(container, key),
  );
  const startsWithinS = (numberAt(startup, 'periodSeconds') ?? 10) * (numberAt(startup, 'failureThreshold') ?? 3);
  const adminPort = listAt(container, 'ports').find((port) => textAt(port, 'name') === 'admin');
  const httpPort = listAt(container, 'ports').find((port) => textAt(port, 'name') === 'http');
  return unkept(nameOf(owner), [
    [Object.keys(startup ?? {}).length > 0, 'has no startupProbe'],
    [Object.keys(live ?? {}).length > 0, 'has no livenessProbe'],
    [Object.keys(ready ?? {}).length > 0, 'has no readinessProbe'],
    [startsWithinS >= 60, 'startupProbe gives it 60 seconds'],
    [!isService || textAt(live, 'httpGet.path') === '/health/live', 'livenessProbe asks /health/live'],
    [!isService || textAt(ready, 'httpGet.path') === '/health/ready', 'readinessProbe asks /health/ready'],
    [
      !isService || [startup, live, ready].every((probe) => at(probe, 'httpGet.port') === 'admin'),
      'probes ask the admin port',
    ],
    [
      !isService ||
        (textAt(adminPort, 'containerPort') !== '' &&
          textAt(adminPort, 'containerPort') !== textAt(httpPort, 'containerPort')),
      'the admin port is one of its own',
    ],
  ]);
}
