import { readFileSync } from 'node:fs';

/**
 * The value of one variable: its own, or what stands in the file that `<NAME>_FILE` names, as containers are given
 * secrets, without the newline at its end. Empty counts as absent. Throws a plain sentence, with no value in it, when both
 * are set or the file cannot be read.
 */
export function readVariable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const own = env[name] ?? '';
  const file = env[`${name}_FILE`] ?? '';
  if (file === '') return own === '' ? undefined : own;
  if (own !== '') throw new TypeError(`is set twice, by itself and by ${name}_FILE`);
  const text = readText(file, name).replace(/\r?\n$/, '');
  return text === '' ? undefined : text;
}

function readText(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new TypeError(`the file that ${name}_FILE names cannot be read (${code})`, { cause: error });
  }
}
