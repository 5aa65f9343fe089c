import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { createHealth } from './health.ts';

const up = (): Promise<void> => Promise.resolve();
const down = (error: Error) => (): Promise<void> => Promise.reject(error);
const base = { service: 'test', version: '1' };

describe('OD-1: health', () => {
  it('is unhealthy without what is critical and degraded without what is not', async () => {
    const withProbes = (probes: Parameters<typeof createHealth>[0]['probes']) =>
      createHealth({ ...base, probes }).ready();
    expect(await withProbes({ a: { critical: true, probe: up } })).toMatchObject({
      httpStatus: 200,
      health: { status: 'healthy' },
    });
    expect(
      await withProbes({ a: { critical: true, probe: up }, b: { critical: false, probe: down(new Error('x')) } }),
    ).toMatchObject({
      httpStatus: 200,
      health: {
        status: 'degraded',
        components: { a: { status: 'healthy' }, b: { status: 'degraded', error: 'failed' } },
      },
    });
    expect(await withProbes({ a: { critical: true, probe: down(new Error('x')) } })).toMatchObject({
      httpStatus: 503,
      health: { status: 'unhealthy' },
    });
  });

  it.each([
    [{ code: 'ECONNREFUSED' }, 'refused'],
    [{ code: 'ENOTFOUND' }, 'not_found'],
    [{ code: 'ECONNRESET' }, 'reset'],
    [{ name: 'TimeoutError' }, 'timeout'],
    [{}, 'failed'],
  ])('names the class of a failure and never its message: %j is %s', async (facts, word) => {
    const error = Object.assign(new Error('postgres://user:secret@host/db'), facts);
    const { health } = await createHealth({ ...base, probes: { a: { critical: true, probe: down(error) } } }).ready();
    expect(health.components['a']).toMatchObject({ error: word });
    expect(JSON.stringify(health)).not.toContain('secret');
  });

  it('asks all components at once, gives none more than two seconds, and tells those who are late', async () => {
    const aborted: string[] = [];
    const hanging =
      (name: string) =>
      (signal: AbortSignal): Promise<void> => {
        signal.addEventListener('abort', () => aborted.push(name));
        return new Promise(() => undefined);
      };
    const names = ['a', 'b', 'c', 'd'];
    const startedAt = performance.now();
    const { health } = await createHealth({
      ...base,
      probes: Object.fromEntries(names.map((name) => [name, { critical: false, probe: hanging(name) }])),
    }).ready();
    expect(performance.now() - startedAt).toBeLessThan(7_500);
    expect(aborted.sort()).toEqual(names);
    for (const name of names) expect(health.components[name]?.error).toBe('timeout');
  });

  it('asks at most once a second, however often it is asked, and asks nobody whether it lives', async () => {
    let asked = 0;
    const probe = (): Promise<void> => {
      asked += 1;
      return Promise.resolve();
    };
    const health = createHealth({ ...base, probes: { a: { critical: true, probe } } });
    await Promise.all(Array.from({ length: 100 }, () => health.ready()));
    for (let call = 0; call < 100; call += 1) health.live();
    expect(asked).toBe(1);
    await waitFor(async () => {
      await health.ready();
      return asked === 2;
    });
  });

  it('has an uptime that grows between any two answers', async () => {
    const health = createHealth({ ...base, probes: {} });
    let before = -1;
    for (let call = 0; call < 50; call += 1) {
      const { uptime_seconds: uptime } = (await health.ready()).health;
      expect(uptime).toBeGreaterThan(before);
      before = uptime;
    }
  });

  it('is not ready from the moment it drains, and alive to the end', async () => {
    const health = createHealth({ ...base, probes: { a: { critical: true, probe: up } } });
    await health.ready();
    health.startDraining();
    expect(await health.ready()).toMatchObject({
      httpStatus: 503,
      health: { components: { process: { error: 'draining' } } },
    });
    expect(health.live().status).toBe('healthy');
  });
});
