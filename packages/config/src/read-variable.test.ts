import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readVariable } from './read-variable.ts';

describe('OD-22: a variable may be given as a file', () => {
  let folder = '';
  const file = (text: string): string => {
    const path = join(folder, 'secret');
    writeFileSync(path, text);
    return path;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'read-variable-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('gives the variable itself, and counts an empty one as absent', () => {
    expect(readVariable({ NAME: 'value' }, 'NAME')).toBe('value');
    expect(readVariable({ NAME: '', NAME_FILE: '' }, 'NAME')).toBeUndefined();
    expect(readVariable({}, 'NAME')).toBeUndefined();
  });

  it('gives what stands in the file, without the newline at its end and with all others', () => {
    expect(readVariable({ NAME_FILE: file('one\ntwo\n') }, 'NAME')).toBe('one\ntwo');
    expect(readVariable({ NAME: '', NAME_FILE: file('value') }, 'NAME')).toBe('value');
    expect(readVariable({ NAME_FILE: file('\n') }, 'NAME')).toBeUndefined();
  });

  it('refuses two answers, and a file that cannot be read, without telling a value', () => {
    const both = { NAME: 'secret-one', NAME_FILE: file('secret-two') };
    expect(() => readVariable(both, 'NAME')).toThrow(/^is set twice, by itself and by NAME_FILE$/);
    const missing = { NAME_FILE: join(folder, 'missing') };
    expect(() => readVariable(missing, 'NAME')).toThrow(/^the file that NAME_FILE names cannot be read \(ENOENT\)$/);
  });
});
