import type { z } from 'zod';

/** Settings that do not fit. It names every bad one at once and never prints a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly { name: string; message: string }[];

  constructor(source: string, problems: readonly { name: string; message: string }[]) {
    const list = problems.map(({ name, message }) => (name === '' ? message : `${name}: ${message}`));
    super(`${source}: ${list.join('; ')}`);
    this.problems = problems;
  }
}

/** What zod found, by name. Its messages say what was expected and repeat names at most, never values. */
export function problemsOf(error: z.core.$ZodError, given: unknown): { name: string; message: string }[] {
  return error.issues.map((issue) => ({
    name: issue.path.map(String).join('.'),
    message: isAbsent(given, issue.path) ? 'is required' : issue.message,
  }));
}

function isAbsent(given: unknown, path: readonly PropertyKey[]): boolean {
  let at: unknown = given;
  for (const step of path) {
    // A text whose parts are judged is there, however bad a part is.
    if (typeof at !== 'object' || at === null) return at === undefined;
    at = (at as Record<PropertyKey, unknown>)[step];
  }
  return at === undefined;
}

/** Freezes plain objects and arrays all the way down; what has a class of its own keeps it as it is. */
export function deepFreeze<Settings>(settings: Settings): Settings {
  if (typeof settings !== 'object' || settings === null) return settings;
  const prototype: unknown = Object.getPrototypeOf(settings);
  if (!Array.isArray(settings) && prototype !== Object.prototype && prototype !== null) return settings;
  for (const member of Object.values(settings)) deepFreeze(member);
  return Object.freeze(settings);
}
