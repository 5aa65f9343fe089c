import { deploymentsOf, inEachOverlay, unkept, type Overlay, type Point } from '../facts.ts';
import { entryOf, isObject, listAt, objectAt, textAt, type Json } from '../json.ts';
import { nameOf, ofKind, podsOf } from '../manifest.ts';

/** Secrets, settings, labels: what stands in manifests and how it changes. */
export const contentPoints: readonly Point[] = [
  inEachOverlay(17, 'secrets are references, arrive as files, and new ones bring new pods', (overlay) => [
    ...ofKind(overlay.manifests, 'Secret').map((secret) => `${nameOf(secret)}: no secret stands in git`),
    ...podsOf(overlay.manifests).flatMap(({ owner, containers, spec }) => {
      const text = JSON.stringify(containers);
      return unkept(nameOf(owner), [
        [!/"secretKeyRef"|"secretRef"/.test(text), 'secrets are mounted, not put into the environment'],
        ...mountedSecrets(spec).map(
          (name) =>
            [
              !overlay.isOperated || name === 'postgres-superuser' || makes(overlay, name),
              `no ExternalSecret makes ${name}`,
            ] as const,
        ),
      ]);
    }),
    ...deploymentsOf(overlay).flatMap((deployment) => {
      const reload = entryOf(objectAt(deployment, 'metadata.annotations'), 'secret.reloader.stakater.com/reload');
      const mounted = mountedSecrets(objectAt(deployment, 'spec.template.spec'));
      return unkept(nameOf(deployment), [
        [mounted.every((name) => reload.split(',').includes(name)), 'the annotation for Reloader names its secrets'],
      ]);
    }),
  ]),
  inEachOverlay(18, 'a setting never changes under a running pod, and a rollback brings the old one back', (overlay) =>
    ofKind(overlay.manifests, 'ConfigMap').flatMap((map) =>
      unkept(nameOf(map), [
        [map['immutable'] === true, 'must be immutable'],
        [/-[2456789bcdfghkmt]{10}$/.test(map.metadata.name), 'its name ends in the hash of its content'],
      ]),
    ),
  ),
  {
    number: 19,
    promise: 'each service is applied and reverted alone, and is then what it is in the whole',
    problems: ({ overlays, alone, services }) =>
      overlays
        .filter(({ name }) => ['local', 'staging', 'production'].includes(name))
        .flatMap((overlay) =>
          services.flatMap((service) => {
            const own = alone.get(`services/${service.name}/overlays/${overlay.name}`);
            if (own === undefined) return [`${overlay.name}: ${service.name} has no overlay of its own`];
            const whole = new Set(overlay.manifests.map((manifest) => sortedText(manifest)));
            return own
              .filter((manifest) => !whole.has(sortedText(manifest)))
              .map(
                (manifest) =>
                  `${overlay.name}: ${nameOf(manifest)} of ${service.name} alone is not what it is in the whole`,
              );
          }),
        ),
  },
  inEachOverlay(20, 'labels say what a thing is, whose it is, and of which version', (overlay, { version }) => [
    ...overlay.manifests
      .filter(({ kind }) => !['Namespace', 'PriorityClass', 'StorageClass'].includes(kind))
      .flatMap((manifest) => {
        const labels = objectAt(manifest, 'metadata.labels');
        return unkept(nameOf(manifest), [
          [labels['app.kubernetes.io/part-of'] === 'signalbox', 'label app.kubernetes.io/part-of'],
          [typeof labels['signalbox.io/team'] === 'string', 'label signalbox.io/team'],
        ]);
      }),
    ...deploymentsOf(overlay).flatMap((deployment) => {
      const labels = objectAt(deployment, 'metadata.labels');
      const ofPods = objectAt(deployment, 'spec.template.metadata.labels');
      return unkept(nameOf(deployment), [
        ...['name', 'instance', 'version', 'component', 'part-of'].flatMap((key) => [
          [`app.kubernetes.io/${key}` in labels, `label app.kubernetes.io/${key}`] as const,
          [`app.kubernetes.io/${key}` in ofPods, `its pods have the label app.kubernetes.io/${key}`] as const,
        ]),
        [ofPods['app.kubernetes.io/version'] === version, `app.kubernetes.io/version must be ${version}`],
        ['signalbox.io/runbook' in objectAt(deployment, 'metadata.annotations'), 'annotation signalbox.io/runbook'],
      ]);
    }),
  ]),
];

function mountedSecrets(spec: Json): string[] {
  return listAt(spec, 'volumes').flatMap((volume) => {
    const name = textAt(volume, 'secret.secretName');
    return name === '' ? [] : [name];
  });
}

function makes(overlay: Overlay, secret: string): boolean {
  return ofKind(overlay.manifests, 'ExternalSecret').some(
    (reference) => textAt(reference, 'spec.target.name') === secret,
  );
}

function sortedText(value: Json): string {
  return JSON.stringify(value, (_key, inner: Json) =>
    isObject(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
