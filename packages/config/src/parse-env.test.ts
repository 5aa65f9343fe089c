import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { parseEnv } from './parse-env.ts';

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535),
  DATABASE_URL: z.url(),
  LOG_LEVEL: z.enum(['info', 'warn']).default('info'),
  SECRET: z.string().min(32),
  ORIGINS: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.string().regex(/^[a-z]$/, 'must be letters')))
    .optional(),
});
const good = { PORT: '80', DATABASE_URL: 'postgres://user:pass@host/db', SECRET: 'x'.repeat(32) };

function refusal(env: NodeJS.ProcessEnv): ConfigError {
  try {
    parseEnv(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('LA-1: parseEnv', () => {
  it('gives domain values, with defaults, and looks at nothing else', () => {
    expect(parseEnv(schema, { ...good, ORIGINS: 'a,b', HOME: '/root' })).toEqual({
      PORT: 80,
      DATABASE_URL: good.DATABASE_URL,
      LOG_LEVEL: 'info',
      SECRET: good.SECRET,
      ORIGINS: ['a', 'b'],
    });
  });

  it('takes an empty variable for an absent one', () => {
    expect(parseEnv(schema, { ...good, LOG_LEVEL: '', ORIGINS: '' })).toMatchObject({ LOG_LEVEL: 'info' });
    expect(refusal({ ...good, PORT: '' }).problems).toEqual([{ name: 'PORT', message: 'is required' }]);
  });

  it('names every bad variable at once and prints no value', () => {
    const error = refusal({ PORT: 'eighty-canary', LOG_LEVEL: 'canary', SECRET: 'canary', ORIGINS: 'a' });
    expect(error.problems.map(({ name }) => name)).toEqual(['PORT', 'DATABASE_URL', 'LOG_LEVEL', 'SECRET']);
    expect(error.problems[1]).toEqual({ name: 'DATABASE_URL', message: 'is required' });
    expect(error.message).not.toContain('canary');
    expect(error.message).toContain('LOG_LEVEL');
  });

  it('says what is wrong with one of several values in a variable', () => {
    expect(refusal({ ...good, ORIGINS: 'a,*' }).problems).toEqual([{ name: 'ORIGINS.1', message: 'must be letters' }]);
  });

  it('names a variable whose file cannot be read beside the others, once', () => {
    const error = refusal({ ...good, PORT: 'x', SECRET: '', SECRET_FILE: '/nowhere' });
    expect(error.problems.map(({ name }) => name)).toEqual(['SECRET', 'PORT']);
  });

  it('freezes what it gives, all the way down', () => {
    const settings = parseEnv(schema, { ...good, ORIGINS: 'a,b' });
    expect(() => {
      (settings as { PORT: number }).PORT = 1;
    }).toThrow(TypeError);
    expect(() => settings.ORIGINS?.push('c')).toThrow(TypeError);
  });
});
