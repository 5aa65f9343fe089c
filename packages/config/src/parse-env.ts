import type { z } from 'zod';
import { ConfigError, deepFreeze, problemsOf } from './config-error.ts';
import { readVariable } from './read-variable.ts';

/**
 * Reads the settings that `schema` names from the environment, frozen; the rest of the environment is not looked at. An
 * empty variable counts as absent, and `NAME` may be given as a file by `NAME_FILE` (`readVariable` says how), unless
 * `schema` has a `NAME_FILE` of its own. Throws `ConfigError`.
 */
export function parseEnv<Schema extends z.ZodObject>(schema: Schema, env: NodeJS.ProcessEnv): z.infer<Schema> {
  const given: Record<string, string> = {};
  const unreadable: { name: string; message: string }[] = [];
  for (const name of Object.keys(schema.shape)) {
    try {
      const value = `${name}_FILE` in schema.shape ? env[name] : readVariable(env, name);
      if (value !== undefined && value !== '') given[name] = value;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      unreadable.push({ name, message: error.message });
    }
  }
  const parsed = schema.safeParse(given);
  if (parsed.success && unreadable.length === 0) return deepFreeze(parsed.data);
  // What could not be read is missing as well, which nobody needs to be told.
  const problems = (parsed.success ? [] : problemsOf(parsed.error, given)).filter(
    (problem) => !unreadable.some(({ name }) => name === problem.name),
  );
  throw new ConfigError('environment', [...unreadable, ...problems]);
}
