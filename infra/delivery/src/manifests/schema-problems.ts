import type { Json } from './json.ts';
import { nameOf, type Manifest } from './manifest.ts';
import { kinds } from './schemas.ts';

/**
 * Where a manifest breaks the schema of its kind, a field that the schema does not know being a break too: an API server
 * drops it with a warning at best, and what it was to say is then not so.
 */
export function schemaProblems(manifest: Manifest): string[] {
  const Kind = kinds[`${manifest.apiVersion} ${manifest.kind}`];
  if (Kind === undefined)
    return [`${nameOf(manifest)}: there is no schema for ${manifest.apiVersion} ${manifest.kind}`];
  const unread: Unread[] = [];
  const fields = Object.entries(manifest).map(([key, value]) => [key, watched(value, `/${key}`, unread)]);
  const model = Object.assign(new Kind(), Object.fromEntries(fields) as object);
  const broken: string[] = [];
  try {
    watchedObject(model, Object.keys(manifest), '', unread).validate();
  } catch (thrown) {
    broken.push(thrown instanceof Error ? thrown.message : String(thrown));
  }
  const unknown = unread.flatMap((tell) => tell()).map((path) => `${path}: the schema has no such field`);
  return [...broken, ...unknown].map((problem) => `${nameOf(manifest)}: ${problem}`);
}

type Unread = () => string[];

function watched(value: Json, path: string, unread: Unread[]): unknown {
  if (Array.isArray(value)) return value.map((inner, index) => watched(inner, `${path}/${index}`, unread));
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, watched(inner, `${path}/${key}`, unread)]),
  );
  return watchedObject(copy, Object.keys(value), path, unread);
}

/**
 * The compiled schemas let unknown fields pass, but they look at every field they know: what stays unread, in an object of
 * which anything was read, is unknown to them. An object whose keys are listed is a map, and may hold any.
 */
function watchedObject<T extends object>(value: T, keys: readonly string[], path: string, unread: Unread[]): T {
  const read = new Set<string | symbol>();
  let isMap = false;
  unread.push(() =>
    isMap || read.size === 0 ? [] : keys.filter((key) => !read.has(key)).map((key) => `${path}/${key}`),
  );
  return new Proxy(value, {
    get(target, key) {
      read.add(key);
      return Reflect.get(target, key) as unknown;
    },
    has(target, key) {
      read.add(key);
      return Reflect.has(target, key);
    },
    ownKeys(target) {
      isMap = true;
      return Reflect.ownKeys(target);
    },
  });
}
