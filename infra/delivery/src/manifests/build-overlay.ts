import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { applyOperation } from './json-patch.ts';
import { isObject, listAt, objectAt, textAt, type Json, type JsonObject } from './json.ts';
import { Kustomization, PatchText } from './kustomization.ts';
import { isManifest, type Manifest, type ManifestFile } from './manifest.ts';

/** A manifest on its way: whether its name ends in a hash of its content is settled when all that changes it is done. */
interface Built {
  manifest: Manifest;
  isGenerated: boolean;
}

const clusterWide = new Set(['Namespace', 'PriorityClass', 'StorageClass', 'ClusterRole', 'ClusterRoleBinding']);

/**
 * Builds the overlay in `folder` as `kubectl kustomize` does, for machines that have none: the same manifests, in any order.
 * It knows what `Kustomization` lists and throws at anything else.
 */
export function buildOverlay(files: readonly ManifestFile[], folder: string): Manifest[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const built = build(texts, folder);
  const names = new Map<string, string>();
  for (const { manifest, isGenerated } of built) {
    if (!isGenerated) continue;
    const name = `${manifest.metadata.name}-${contentHash(objectAt(manifest, 'data'))}`;
    names.set(manifest.metadata.name, name);
    manifest.metadata.name = name;
  }
  return built.map(({ manifest }) => renameConfigMaps(manifest, names) as Manifest);
}

function build(texts: ReadonlyMap<string, string>, folder: string): Built[] {
  const file = `${folder}/kustomization.yaml`;
  const kustomization = Kustomization.safeParse(parse(readText(texts, file)));
  if (!kustomization.success) {
    const [issue] = kustomization.error.issues;
    throw new Error(`${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { data } = kustomization;
  const built = data.resources.flatMap((resource) => buildResource(texts, posix.join(folder, resource)));
  generate(texts, folder, data, built);
  for (const { manifest } of built) {
    for (const { pairs, includeTemplates } of data.labels) addLabels(manifest, pairs, includeTemplates);
    if (data.namespace !== undefined && !clusterWide.has(manifest.kind))
      manifest.metadata['namespace'] = data.namespace;
    nameImages(manifest, data.images);
  }
  for (const { target, patch } of data.patches) {
    const chosen = built.filter(
      ({ manifest }) =>
        manifest.kind === target.kind && manifest.metadata.name === (target.name ?? manifest.metadata.name),
    );
    if (chosen.length === 0) throw new Error(`${file}: there is no ${target.kind} ${target.name ?? ''} to patch`);
    const operations = PatchText.parse(parse(patch));
    for (const { manifest } of chosen) for (const operation of operations) applyOperation(manifest, operation);
  }
  return built;
}

function readText(texts: ReadonlyMap<string, string>, path: string): string {
  const text = texts.get(path);
  if (text === undefined) throw new Error(`${path} is not there`);
  return text;
}

function buildResource(texts: ReadonlyMap<string, string>, path: string): Built[] {
  const text = texts.get(path);
  if (text === undefined) return build(texts, path);
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw new Error(`${path}: ${document.errors[0].message}`);
    const manifest = document.toJS() as Json;
    if (manifest === null) return [];
    if (!isManifest(manifest)) throw new Error(`${path}: holds something without apiVersion, kind and metadata.name`);
    return [{ manifest, isGenerated: false }];
  });
}

function generate(
  texts: ReadonlyMap<string, string>,
  folder: string,
  { configMapGenerator, generatorOptions }: Kustomization,
  built: Built[],
): void {
  for (const { name, behavior, envs, files, literals } of configMapGenerator) {
    const lines = [...envs.flatMap((env) => readText(texts, posix.join(folder, env)).split('\n')), ...literals];
    const data: JsonObject = {
      ...Object.fromEntries(lines.filter((line) => line !== '' && !line.startsWith('#')).map(settingOf)),
      ...Object.fromEntries(files.map((file) => [posix.basename(file), readText(texts, posix.join(folder, file))])),
    };
    const earlier = built.find(({ manifest }) => manifest.kind === 'ConfigMap' && manifest.metadata.name === name);
    if (behavior === 'merge') {
      if (earlier === undefined) throw new Error(`${folder}: there is no ConfigMap ${name} to merge with`);
      earlier.manifest['data'] = { ...objectAt(earlier.manifest, 'data'), ...data };
      // kustomize forgets it in a merge, unless it is said again.
      Reflect.deleteProperty(earlier.manifest, 'immutable');
      if (generatorOptions?.immutable === true) earlier.manifest['immutable'] = true;
      continue;
    }
    if (earlier !== undefined) throw new Error(`${folder}: a ConfigMap ${name} is already there`);
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
    built.push({
      manifest: generatorOptions?.immutable === true ? { ...manifest, immutable: true } : manifest,
      isGenerated: true,
    });
  }
}

function settingOf(line: string): [string, string] {
  const [name = '', value = ''] = line.split(/=(.*)/s);
  return [name, value];
}

function addLabels(manifest: Manifest, pairs: Record<string, string>, includeTemplates: boolean): void {
  const label = (metadata: JsonObject): void => {
    metadata['labels'] = { ...objectAt(metadata, 'labels'), ...pairs };
  };
  label(manifest.metadata);
  if (!includeTemplates) return;
  const spec = manifest['spec'];
  if (!isObject(spec)) return;
  for (const template of [spec['template'], ...listAt(spec, 'volumeClaimTemplates')]) {
    if (!isObject(template)) continue;
    const metadata = isObject(template['metadata']) ? template['metadata'] : {};
    label(metadata);
    template['metadata'] = metadata;
  }
}

function nameImages(value: Json | undefined, images: Kustomization['images']): void {
  if (Array.isArray(value)) for (const inner of value) nameImages(inner, images);
  if (!isObject(value)) return;
  for (const key of ['containers', 'initContainers']) {
    for (const container of listAt(value, key)) {
      const name = textAt(container, 'image').replace(/(:[^:/@]+)?(@.*)?$/, '');
      const image = images.find((candidate) => candidate.name === name);
      if (image === undefined || !isObject(container)) continue;
      const { newName = name, newTag, digest } = image;
      container['image'] =
        `${newName}${newTag === undefined ? '' : `:${newTag}`}${digest === undefined ? '' : `@${digest}`}`;
    }
  }
  for (const inner of Object.values(value)) nameImages(inner, images);
}

/** The ten characters that kustomize appends: they follow from the data alone. */
function contentHash(data: JsonObject): string {
  const sorted = Object.fromEntries(Object.entries(data).sort(([one], [other]) => (one < other ? -1 : 1)));
  const text = JSON.stringify({ data: sorted, kind: 'ConfigMap', name: '' }).replaceAll(
    /[<>&]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
  const unambiguous: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' };
  return createHash('sha256')
    .update(text)
    .digest('hex')
    .slice(0, 10)
    .replaceAll(/[013ae]/g, (character) => unambiguous[character] ?? character);
}

function renameConfigMaps(value: Json, names: ReadonlyMap<string, string>): Json {
  if (Array.isArray(value)) return value.map((inner) => renameConfigMaps(inner, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (!['configMap', 'configMapRef', 'configMapKeyRef'].includes(key) || !isObject(inner)) {
        return [key, renameConfigMaps(inner, names)];
      }
      const name = textAt(inner, 'name');
      return [key, { ...inner, name: names.get(name) ?? name }];
    }),
  );
}
