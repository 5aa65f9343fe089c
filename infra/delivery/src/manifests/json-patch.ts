import { isObject, type Json } from './json.ts';

export interface PatchOperation {
  op: 'add' | 'replace' | 'remove';
  path: string;
  value?: Json | undefined;
}

/** Changes `document` as one operation of a JSON patch (RFC 6902) says. Throws where its path leads nowhere. */
export function applyOperation(document: Json, { op, path, value = null }: PatchOperation): void {
  const keys = path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let parent: Json | undefined = document;
  for (const key of keys) parent = childOf(parent, key);
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    const isThere = index < parent.length;
    if (!Number.isInteger(index) || (op !== 'add' && !isThere)) throw new Error(`${path} leads nowhere`);
    if (op === 'add') parent.splice(index, 0, value);
    else parent.splice(index, 1, ...(op === 'replace' ? [value] : []));
  } else if (isObject(parent)) {
    if (op !== 'add' && !(last in parent)) throw new Error(`${path} leads nowhere`);
    if (op === 'remove') Reflect.deleteProperty(parent, last);
    else parent[last] = value;
  } else throw new Error(`${path} leads nowhere`);
}

function childOf(parent: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(parent)) return parent[Number(key)];
  return isObject(parent) ? parent[key] : undefined;
}
