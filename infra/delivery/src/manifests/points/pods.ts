import { find, inEachOverlay, podProblems, quantityOf, settingsOf, unkept, type Point } from '../facts.ts';
import { at, isObject, listAt, numberAt, objectAt, textAt, type Json } from '../json.ts';
import { nameOf, type PodTemplate } from '../manifest.ts';

const oneOfOurs = /^(?:[\w.-]+(?::\d+)?\/)?signalbox\/[a-z-]+(?=[:@]|$)/;

/** What every pod is, whoever runs in it. */
export const podPoints: readonly Point[] = [
  inEachOverlay(2, 'pods run without privileges, on a root file system that nobody writes to', (overlay) =>
    podProblems(overlay, (pod) => [
      ...podSecurity(pod),
      ...pod.containers.flatMap((one) => containerSecurity(pod, one)),
    ]),
  ),
  inEachOverlay(3, 'each workload has an account of its own, and no token of it', (overlay) =>
    podProblems(overlay, (pod) => {
      const account = textAt(pod.spec, 'serviceAccountName');
      const made = find(overlay, 'ServiceAccount', account);
      return unkept(nameOf(pod.owner), [
        [!['', 'default'].includes(account), 'name a service account'],
        [pod.owner.kind !== 'Deployment' || account === pod.owner.metadata.name, 'its account bears its own name'],
        [at(pod.spec, 'automountServiceAccountToken') === false, 'automountServiceAccountToken must be false'],
        [made !== undefined, `there is no ServiceAccount ${account}`],
        [made === undefined || at(made, 'automountServiceAccountToken') === false, 'its account must not mount tokens'],
      ]);
    }),
  ),
  inEachOverlay(4, 'images are what was promoted, not what a name means today', (overlay) =>
    podProblems(overlay, (pod) =>
      pod.containers.flatMap((container) => {
        const image = textAt(container, 'image');
        const isOurs = oneOfOurs.test(image);
        return unkept(`${nameOf(pod.owner)}: ${image}`, [
          [/@sha256:[0-9a-f]{64}$|:[^:/@]+$/.test(image), 'names no version'],
          [!/:latest(@|$)/.test(image), 'latest is no version'],
          [!isOurs || !overlay.isOperated || image.includes('@sha256:'), 'our images are named by digest'],
          [textAt(container, 'imagePullPolicy') === 'IfNotPresent', 'imagePullPolicy must be IfNotPresent'],
        ]);
      }),
    ),
  ),
  inEachOverlay(5, 'memory is promised whole, CPU is not throttled, and the heap fits', (overlay) =>
    podProblems(overlay, (pod) => pod.containers.flatMap((container) => resourceProblems(pod, container, overlay))),
  ),
  inEachOverlay(34, 'pods say where they can run, and get no noise in their environment', (overlay) =>
    podProblems(overlay, (pod) => {
      const arch = JSON.stringify(objectAt(pod.spec, 'affinity.nodeAffinity')).includes('kubernetes.io/arch');
      const dns = listAt(pod.spec, 'dnsConfig.options').some(
        (option) => textAt(option, 'name') === 'ndots' && textAt(option, 'value') === '2',
      );
      const isService = pod.owner.kind === 'Deployment';
      return unkept(nameOf(pod.owner), [
        [at(pod.spec, 'enableServiceLinks') === false, 'enableServiceLinks must be false'],
        [!isService || arch, 'nodeAffinity names the architectures that images are built for'],
        [!isService || dns, 'dnsConfig sets ndots to 2, or each name outside is asked for five times'],
      ]);
    }),
  ),
];

function podSecurity(pod: PodTemplate): string[] {
  const security = objectAt(pod.spec, 'securityContext');
  const uid = numberAt(security, 'runAsUser') ?? 0;
  const volumes = listAt(pod.spec, 'volumes');
  return unkept(nameOf(pod.owner), [
    [security['runAsNonRoot'] === true, 'runAsNonRoot must be true'],
    [uid >= 10_001, 'runAsUser must be 10001 or above'],
    [numberAt(security, 'fsGroup') !== null, 'set fsGroup'],
    [textAt(security, 'seccompProfile.type') === 'RuntimeDefault', 'seccompProfile must be RuntimeDefault'],
    [!['hostNetwork', 'hostPID', 'hostIPC'].some((key) => pod.spec[key] === true), 'share nothing with the host'],
    [!volumes.some((volume) => isObject(volume) && 'hostPath' in volume), 'mount no hostPath'],
    [
      volumes.every(
        (volume) => !isObject(volume) || !('emptyDir' in volume) || textAt(volume, 'emptyDir.sizeLimit') !== '',
      ),
      'an emptyDir has a sizeLimit',
    ],
  ]);
}

function containerSecurity(pod: PodTemplate, container: Json): string[] {
  const security = objectAt(container, 'securityContext');
  const hasTmp = listAt(container, 'volumeMounts').some((mount) => textAt(mount, 'mountPath') === '/tmp');
  return unkept(`${nameOf(pod.owner)}: ${textAt(container, 'name')}`, [
    [security['allowPrivilegeEscalation'] === false, 'allowPrivilegeEscalation must be false'],
    [security['readOnlyRootFilesystem'] === true, 'readOnlyRootFilesystem must be true'],
    [listAt(security, 'capabilities.drop').includes('ALL'), 'drop ALL capabilities'],
    [listAt(security, 'capabilities.add').length === 0, 'add no capability'],
    [security['privileged'] !== true, 'must not be privileged'],
    [hasTmp, '/tmp must be an emptyDir'],
  ]);
}

function resourceProblems(pod: PodTemplate, container: Json, overlay: Parameters<typeof settingsOf>[0]): string[] {
  const resources = objectAt(container, 'resources');
  const [request, limit] = [textAt(resources, 'requests.memory'), textAt(resources, 'limits.memory')];
  const own = listAt(container, 'env').find((variable) => textAt(variable, 'name') === 'NODE_OPTIONS');
  const options =
    own === undefined ? settingsOf(overlay, pod.owner.metadata.name)['NODE_OPTIONS'] : textAt(own, 'value');
  const heapMb = Number(/--max-old-space-size=(\d+)/.exec(options ?? '')?.[1] ?? NaN);
  const share = (heapMb * 2 ** 20) / quantityOf(limit);
  const isOurs = oneOfOurs.test(textAt(container, 'image'));
  return unkept(`${nameOf(pod.owner)}: ${textAt(container, 'name')}`, [
    [request !== '' && request === limit, 'memory: the request must be the limit'],
    [textAt(resources, 'requests.cpu') !== '', 'request CPU'],
    [textAt(resources, 'limits.cpu') === '', 'a limit of CPU stops the event loop'],
    [textAt(resources, 'limits.ephemeral-storage') !== '', 'limit ephemeral-storage'],
    [!isOurs || (share >= 0.7 && share <= 0.8), `NODE_OPTIONS: the heap is about 75 % of ${limit}`],
  ]);
}
