import { waitFor } from '@signalbox/test-kit';
import { describe, expect, it } from '@jest/globals';
import type { Provider } from '../providers/provider.ts';
import { openProviderInstances } from './provider-instances.ts';

function world() {
  const state = { made: 0, closed: [] as number[], now: 0 };
  const construct = (): Provider => {
    const number = (state.made += 1);
    const unused = () => Promise.reject(new Error('not asked in this test'));
    return {
      name: `p${String(number)}`,
      models: [],
      missingSetting: null,
      complete: unused,
      stream: unused,
      probe: unused,
      [Symbol.asyncDispose]: () => {
        state.closed.push(number);
        return Promise.resolve();
      },
    };
  };
  const instances = openProviderInstances({ graceMsOf: () => 1_000, now: () => state.now, sweepMs: 5 });
  return { state, construct, instances };
}

const key = (version: number, tenantId = 't1', id = 'c1') => ({ tenantId, id, version });

describe('the instances of providers (OP-2)', () => {
  it('are one for each version of a connection, however many ask for it at once', async () => {
    const { state, construct, instances } = world();
    await using _ = instances;
    const got = await Promise.all(
      Array.from({ length: 100 }, () => Promise.resolve().then(() => instances.get(key(1), construct))),
    );
    expect(new Set(got).size).toBe(1);
    expect(state.made).toBe(1);
    instances.get(key(2), construct);
    instances.get(key(1, 't2'), construct);
    expect([state.made, instances.size]).toEqual([3, 3]);
  });

  it('are closed when they were replaced, but not before a call of theirs must be over', async () => {
    const { state, construct, instances } = world();
    await using _ = instances;
    instances.get(key(1), construct);
    instances.get(key(2), construct);
    instances.keepOnly('t1', [key(2)]);
    state.now = 900;
    instances.get(key(2), construct);
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.closed).toEqual([]);
    state.now = 1_001;
    await waitFor(() => state.closed.length === 1);
    expect(state.closed).toEqual([1]);
    expect(instances.size).toBe(1);
  });

  it('are closed when nobody asked for them in a while, and all of them in the end', async () => {
    const { state, construct, instances } = world();
    instances.get(key(1), construct);
    state.now = 1_001;
    await waitFor(() => state.closed.length === 1);
    instances.get(key(1), construct);
    instances.get(key(1, 't2'), construct);
    await instances[Symbol.asyncDispose]();
    expect(state.closed).toEqual([1, 2, 3]);
  });
});
