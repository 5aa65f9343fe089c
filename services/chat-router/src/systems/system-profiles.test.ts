import { describe, expect, it } from '@jest/globals';
import type { SystemSpec } from '@signalbox/contracts';
import { systemProfiles } from './system-profiles.ts';

const spec = (models: string[]) => ({ models, prompts: {}, tools: [] as string[] }) as SystemSpec;

describe('a system asked for as a model (OD-4)', () => {
  it('is its models in order, and follows a change within two seconds', async () => {
    let [at, asked, models] = [0, 0, ['a', 'b']];
    const profiles = systemProfiles({
      aliases: { find: (_tenant, name) => (name === 'best' ? { models: ['x'], strategy: 'quality_first' } : null) },
      specOf: async (tenantId, id) => {
        asked += 1;
        return tenantId === 't1' && id === 'team' ? spec(models) : null;
      },
      now: () => at,
    });
    expect(await profiles.find('t1', 'team')).toEqual({ models: ['a', 'b'], strategy: 'priority' });
    models = ['c'];
    expect(await profiles.find('t1', 'team')).toMatchObject({ models: ['a', 'b'] });
    at = 2_000;
    expect(await profiles.find('t1', 'team')).toMatchObject({ models: ['c'] });
    expect(await profiles.find('t2', 'team')).toBeNull();
    expect(await profiles.find('t1', 'best')).toMatchObject({ models: ['x'] });
    expect(await profiles.find('t1', 'Not/An id')).toBeNull();
    expect(asked).toBe(3);
  });

  it('keeps to its strategy', async () => {
    const profiles = systemProfiles({
      aliases: { find: () => null },
      specOf: async () => ({ ...spec(['a', 'b']), strategy: 'cost_optimized' }),
    });
    expect(await profiles.find('t', 'team')).toEqual({ models: ['a', 'b'], strategy: 'cost_optimized' });
  });

  it('is what it last was while Postgres is away', async () => {
    let [at, isAway] = [0, false];
    const profiles = systemProfiles({
      aliases: { find: () => null },
      specOf: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(spec(['a']))),
      now: () => at,
    });
    await profiles.find('t', 'team');
    [at, isAway] = [60_000, true];
    expect(await profiles.find('t', 'team')).toMatchObject({ models: ['a'] });
    await expect(profiles.find('t', 'other')).rejects.toThrow('away');
  });
});
