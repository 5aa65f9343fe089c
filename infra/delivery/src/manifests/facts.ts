import { entryOf, objectAt } from './json.ts';
import { ofKind, podsOf, type Manifest, type ManifestFile, type PodTemplate } from './manifest.ts';

/** A service as the mesh has it: whom it calls or enqueues for, and so signs for. */
export interface MeshService {
  name: string;
  calls: readonly string[];
}

/** What one overlay of k8s/overlays makes. */
export interface Overlay {
  name: string;
  /** Whether operators (Prometheus', External Secrets, CloudNativePG) are counted on; `local` does without. */
  isOperated: boolean;
  manifests: readonly Manifest[];
}

/** All that the points are judged by. */
export interface Facts {
  overlays: readonly Overlay[];
  /** Each service's own overlays, by `services/NAME/overlays/OVERLAY`. */
  alone: ReadonlyMap<string, readonly Manifest[]>;
  files: readonly ManifestFile[];
  services: readonly MeshService[];
  /** Of the repository. */
  version: string;
}

/** One point of the list: a promise of the manifests, and what breaks it. */
export interface Point {
  number: number;
  promise: string;
  problems: (facts: Facts) => string[];
}

/** A point that is judged overlay by overlay. */
export function inEachOverlay(
  number: number,
  promise: string,
  problems: (overlay: Overlay, facts: Facts) => string[],
): Point {
  return {
    number,
    promise,
    problems: (facts) =>
      facts.overlays.flatMap((overlay) => problems(overlay, facts).map((problem) => `${overlay.name}: ${problem}`)),
  };
}

/** A problem for each rule that is not kept. */
export function unkept(subject: string, rules: readonly (readonly [boolean, string])[]): string[] {
  return rules.filter(([isKept]) => !isKept).map(([, problem]) => `${subject}: ${problem}`);
}

export function podProblems(overlay: Overlay, problems: (pod: PodTemplate) => string[]): string[] {
  return podsOf(overlay.manifests).flatMap(problems);
}

export function deploymentsOf(overlay: Overlay): Manifest[] {
  return ofKind(overlay.manifests, 'Deployment');
}

export function find(overlay: Overlay, kind: string, name: string): Manifest | undefined {
  return overlay.manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
}

export function missing(subject: string): string[] {
  return [`${subject} is not there`];
}

/** The settings of a deployment's pods: its ConfigMap's, then those of its container. */
export function settingsOf(overlay: Overlay, service: string): Record<string, string> {
  const maps = ofKind(overlay.manifests, 'ConfigMap').filter(({ metadata }) =>
    metadata.name.startsWith(`${service}-settings-`),
  );
  return Object.fromEntries(
    maps.flatMap((map) => Object.keys(objectAt(map, 'data')).map((key) => [key, entryOf(objectAt(map, 'data'), key)])),
  );
}

/** `512Mi` in bytes, `250m` in ones; NaN for what is neither. */
export function quantityOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti|mb|gb)?$/.exec(text);
  const unit: Readonly<Record<string, number>> = {
    ...{ '': 1, m: 0.001, k: 1e3, M: 1e6, G: 1e9, T: 1e12 },
    ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, mb: 2 ** 20, gb: 2 ** 30 },
  };
  return match === null ? NaN : Number(match[1]) * (unit[match[2] ?? ''] ?? NaN);
}
