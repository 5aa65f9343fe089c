import { AppError } from '@signalbox/errors';
import { describe, expect, it } from '@jest/globals';
import { createTenantView } from './tenant-view.ts';

function world() {
  const state = { now: 0, loads: 0, dropped: [] as number[], isAway: false, breaks: 0, hold: Promise.resolve() };
  const view = createTenantView<{ load: number }>({
    name: 'test',
    async load() {
      state.loads += 1;
      const load = state.loads;
      await state.hold;
      if (state.breaks > 0) {
        state.breaks -= 1;
        throw new AppError('unavailable', undefined, { cause: new Error('Connection terminated unexpectedly') });
      }
      if (state.isAway) throw new AppError('unavailable');
      return { load };
    },
    metrics: { cacheHit: () => undefined, cacheMiss: () => undefined },
    onDrop: ({ load }) => state.dropped.push(load),
    tenantsMax: 2,
    now: () => state.now,
  });
  return { state, view };
}

describe('what is remembered of tenants', () => {
  it('is looked up once, however many ask at the same time, and again when it is ten seconds old', async () => {
    const { state, view } = world();
    const seen = await Promise.all(Array.from({ length: 100 }, () => view.of('t')));
    expect([state.loads, new Set(seen).size]).toEqual([1, 1]);
    state.now = 9_999;
    await view.of('t');
    expect(state.loads).toBe(1);
    state.now = 10_000;
    expect(await view.of('t')).toEqual({ load: 2 });
  });

  it('is forgotten at once when it changed, a look that was under way included', async () => {
    const { state, view } = world();
    let go = (): void => undefined;
    state.hold = new Promise((resolve) => (go = resolve));
    const before = view.of('t');
    view.forget('t');
    go();
    await before;
    expect(await view.of('t')).toEqual({ load: 2 });
    view.forget('t');
    expect(state.dropped).toEqual([2]);
  });

  it('is believed a minute longer while Postgres is away, and no longer', async () => {
    const { state, view } = world();
    await view.of('t');
    state.isAway = true;
    state.now = 69_999;
    expect(await view.of('t')).toEqual({ load: 1 });
    await expect(view.of('other')).rejects.toMatchObject({ code: 'unavailable' });
    state.now = 70_000;
    await expect(view.of('t')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is looked up once more when the connection broke under the look, which says nothing about Postgres', async () => {
    const { state, view } = world();
    state.breaks = 1;
    expect(await view.of('t')).toEqual({ load: 2 });
    state.breaks = 2;
    await expect(view.of('other')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is that of so many tenants and no more', async () => {
    const { state, view } = world();
    for (const tenant of ['a', 'b', 'c']) await view.of(tenant);
    expect(state.dropped).toEqual([1]);
  });
});
