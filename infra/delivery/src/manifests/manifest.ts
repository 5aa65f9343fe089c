import { isObject, listAt, objectAt, textAt, type Json, type JsonObject } from './json.ts';

/** One object that a cluster is given. */
export interface Manifest extends JsonObject {
  apiVersion: string;
  kind: string;
  metadata: JsonObject & { name: string };
}

/** A file of the repository: its path from the root, with `/`, and what it holds. */
export interface ManifestFile {
  path: string;
  text: string;
}

export function isManifest(value: Json): value is Manifest {
  return textAt(value, 'apiVersion') !== '' && textAt(value, 'kind') !== '' && textAt(value, 'metadata.name') !== '';
}

/** `Deployment gateway`: how a problem names what it is about. */
export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

export function ofKind(manifests: readonly Manifest[], ...kinds: readonly string[]): Manifest[] {
  return manifests.filter(({ kind }) => kinds.includes(kind));
}

/** A pod as some manifest makes it. */
export interface PodTemplate {
  owner: Manifest;
  labels: JsonObject;
  spec: JsonObject;
  containers: JsonObject[];
}

const podPaths: Readonly<Record<string, string>> = {
  Deployment: 'spec.template',
  StatefulSet: 'spec.template',
  Job: 'spec.template',
  CronJob: 'spec.jobTemplate.spec.template',
};

/** The pods that the manifests make; an operator's (such as Postgres' in production) are its own business. */
export function podsOf(manifests: readonly Manifest[]): PodTemplate[] {
  return manifests.flatMap((owner) => {
    const path = podPaths[owner.kind];
    if (path === undefined) return [];
    const spec = objectAt(owner, `${path}.spec`);
    const containers = [...listAt(spec, 'initContainers'), ...listAt(spec, 'containers')].filter(isObject);
    return [{ owner, labels: objectAt(owner, `${path}.metadata.labels`), spec, containers }];
  });
}

/** Whether labels are among those that a selector chooses. An empty selector chooses all. */
export function selects(selector: JsonObject, labels: JsonObject): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
