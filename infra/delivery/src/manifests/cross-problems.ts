import { inEachOverlay, unkept, type Point } from './facts.ts';
import { isObject, listAt, objectAt, textAt } from './json.ts';
import { nameOf, ofKind, podsOf } from './manifest.ts';
import { chosenBy } from './points/network.ts';

/** Names that lead somewhere: selectors, ports, accounts, volumes. They have no number in the list, and no exception. */
export const crossPoints: readonly Point[] = [
  inEachOverlay(0, 'a Service chooses the pods of one workload, on ports that they have', (overlay) =>
    ofKind(overlay.manifests, 'Service').flatMap((service) => {
      const chosen = podsOf(overlay.manifests).filter(({ labels }) => chosenBy(service, labels));
      const ports = chosen.flatMap(({ containers }) => containers.flatMap((container) => listAt(container, 'ports')));
      return unkept(nameOf(service), [
        [chosen.length === 1, `chooses ${chosen.map(({ owner }) => nameOf(owner)).join(' and ') || 'nothing'}`],
        ...listAt(service, 'spec.ports').map(
          (port) =>
            [
              ports.some((one) =>
                [textAt(one, 'name'), textAt(one, 'containerPort')].includes(textAt(port, 'targetPort')),
              ),
              `no pod has the port ${textAt(port, 'targetPort')}`,
            ] as const,
        ),
      ]);
    }),
  ),
  inEachOverlay(0, 'a workload chooses its own pods', (overlay) =>
    podsOf(overlay.manifests)
      .filter(({ owner }) => ['Deployment', 'StatefulSet'].includes(owner.kind))
      .flatMap(({ owner, labels }) =>
        unkept(nameOf(owner), [
          [
            Object.entries(objectAt(owner, 'spec.selector.matchLabels')).every(([key, value]) => labels[key] === value),
            'its selector does not choose its own pods',
          ],
        ]),
      ),
  ),
  inEachOverlay(0, 'what is mounted is there, and what is there is mounted', (overlay) =>
    podsOf(overlay.manifests).flatMap(({ owner, spec, containers }) => {
      const claims = listAt(owner, 'spec.volumeClaimTemplates').map((claim) => textAt(claim, 'metadata.name'));
      const volumes = [...listAt(spec, 'volumes').map((volume) => textAt(volume, 'name')), ...claims];
      const mounts = containers.flatMap((container) =>
        listAt(container, 'volumeMounts').map((mount) => textAt(mount, 'name')),
      );
      const maps = ofKind(overlay.manifests, 'ConfigMap').map(({ metadata }) => metadata.name);
      const named = [
        ...listAt(spec, 'volumes').map((volume) => textAt(volume, 'configMap.name')),
        ...containers.flatMap((container) =>
          listAt(container, 'envFrom').map((from) => textAt(from, 'configMapRef.name')),
        ),
      ].filter((name) => name !== '');
      return unkept(nameOf(owner), [
        ...mounts.map((name) => [volumes.includes(name), `mounts ${name}, which is no volume`] as const),
        ...volumes.map((name) => [mounts.includes(name), `nothing mounts ${name}`] as const),
        ...named.map((name) => [maps.includes(name), `there is no ConfigMap ${name}`] as const),
      ]);
    }),
  ),
  inEachOverlay(0, 'every name is used once', (overlay) => {
    const names = overlay.manifests.map((manifest) => `${manifest.apiVersion.split('/')[0] ?? ''} ${nameOf(manifest)}`);
    return names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} is there twice`);
  }),
  inEachOverlay(0, 'every port of a container has a name', (overlay) =>
    podsOf(overlay.manifests).flatMap(({ owner, containers }) =>
      containers
        .flatMap((container) => listAt(container, 'ports'))
        .filter((port) => !isObject(port) || textAt(port, 'name') === '')
        .map(() => `${nameOf(owner)}: a port without a name`),
    ),
  ),
];
