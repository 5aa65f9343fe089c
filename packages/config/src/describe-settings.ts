const redacted = '[redacted]';
const secretName = /secret|password|token|credential|(^|_)key(s|_?ring)?$|api_?key|private/i;

/**
 * Settings as they may be shown in a log: what is a secret by its name, and whoever is named in an address, is replaced;
 * what has a class of its own shows that class only.
 */
export function describeSettings(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, shown(name, value)]));
}

function shown(name: string, value: unknown): unknown {
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number') return value;
  if (secretName.test(name.replace(/([a-z])([A-Z])/g, '$1_$2'))) return redacted;
  if (typeof value === 'string') return value.replace(/:\/\/[^\s/?#]*@/g, `://${redacted}@`);
  if (Array.isArray(value)) return value.map((item) => shown('', item));
  if (typeof value !== 'object') return typeof value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor.name}]`;
  return describeSettings(value as Record<string, unknown>);
}
