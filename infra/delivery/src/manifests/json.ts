/** What YAML and JSON can say. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What lies at `path` (`spec.template.spec`); nothing where a part of the way is missing. */
export function at(value: Json | undefined, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

/** The object at `path`; where there is none, an empty one. */
export function objectAt(value: Json | undefined, path: string): JsonObject {
  const found = at(value, path);
  return isObject(found) ? found : {};
}

/** The list at `path`; where there is none, an empty one. */
export function listAt(value: Json | undefined, path: string): Json[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

/** The text at `path`, a number being its digits; where there is neither, an empty one. */
export function textAt(value: Json | undefined, path: string): string {
  const found = at(value, path);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}

/** The text under `key`, which may have dots in it (labels, annotations); where there is none, an empty one. */
export function entryOf(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The number at `path`; null where there is none. */
export function numberAt(value: Json | undefined, path: string): number | null {
  const found = at(value, path);
  return typeof found === 'number' ? found : null;
}
