/** Readers of JSON that strangers wrote: what is not there, or not what it should be, is null or empty. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in a JSON text; null for anything else. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function booleanOf(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null;
}

export function objectOf(value: unknown): Record<string, unknown> | null {
  return isObject(value) ? value : null;
}

/** The objects in a list; none where there is no list. */
export function objectsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The strings of an object of strings. */
export function textsOf(value: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  if (isObject(value)) for (const name in value) if (typeof value[name] === 'string') texts[name] = value[name];
  return texts;
}

/** The members that are not among `names` and hold something; null when there are none. */
export function membersBeside(object: JsonObject, names: ReadonlySet<string>): Record<string, unknown> | null {
  let others: Record<string, unknown> | null = null;
  for (const name in object) {
    const value = object[name];
    if (names.has(name) || value === null || value === undefined) continue;
    others ??= {};
    others[name] = value;
  }
  return others;
}

/** Without the members that are null or undefined: most dialects tell an absent parameter from a null one. */
export function present(object: JsonObject): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const name in object) {
    const value = object[name];
    if (value !== null && value !== undefined) kept[name] = value;
  }
  return kept;
}

/** An object as an argument of a function: what a model wrote, if it is an object. */
export function argumentsOf(text: string): Record<string, unknown> | null {
  return text.trim() === '' ? {} : parseObject(text);
}
