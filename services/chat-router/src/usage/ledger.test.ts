import { AsyncLocalStorage } from 'node:async_hooks';
import type { UsageRecord } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { waitFor } from '@signalbox/test-kit';
import { describe, expect, it } from '@jest/globals';
import { openLedger, type LedgerOptions } from './ledger.ts';
import { unknownUsage } from './token-usage.ts';
import { usageRecordOf } from './usage-record.ts';

const aRecord = (): UsageRecord =>
  usageRecordOf(
    {
      tenantId: 'tenant_a',
      principalId: 'key_a',
      requestId: 'req_a',
      target: { provider: 'sim', model: 'small' },
      requestedModel: 'small',
      streamed: false,
      startedAt: new Date(),
    },
    { outcome: 'ok', usage: unknownUsage, latencyMs: 1, firstTokenMs: null },
  );

/** A ledger over a table in memory, that can be told to fail. */
function aLedger(options: Partial<LedgerOptions> = {}) {
  const statements: string[][] = [];
  const told: string[] = [];
  const state = { failWith: null as AppError | null, hold: null as Promise<void> | null };
  const ledger = openLedger({
    write: async (records) => {
      if (state.hold !== null) await state.hold;
      statements.push(records.map(({ record }) => record.id));
      if (state.failWith !== null) throw state.failWith;
    },
    ping: () => (state.failWith === null ? Promise.resolve() : Promise.reject(new Error('away'))),
    nudge: () => told.push('nudge'),
    events: {
      committed: ({ records }) => told.push(`committed ${String(records)}`),
      opened: ({ open }) => told.push(open ? 'opened' : 'closed'),
      lost: ({ record }) => told.push(`lost ${record.id}`),
    },
    pingEveryMs: 20,
    ...options,
  });
  return { ledger, statements, told, state };
}

const away = new AppError('unavailable', 'away');

describe('the ledger', () => {
  it('writes one record at once, and all that came meanwhile in the next statement', async () => {
    const { ledger, statements } = aLedger();
    await using _closing = ledger;
    const records = Array.from({ length: 50 }, () => aRecord());
    await Promise.all(records.map((record) => ledger.record(record)));
    expect(statements.map((statement) => statement.length)).toEqual([1, 49]);
    expect(statements.flat()).toEqual(records.map(({ id }) => id));
  });

  it('says what committed records cost by provider; what has no price adds nothing (LA-21)', async () => {
    const sums: [string, number][] = [];
    const { ledger } = aLedger({
      events: { committed: ({ usd }) => sums.push(...usd), opened: () => undefined, lost: () => undefined },
    });
    await using _closing = ledger;
    await Promise.all([ledger.record({ ...aRecord(), cost_usd: '0.25' }), ledger.record(aRecord())]);
    await ledger.record({ ...aRecord(), cost_usd: '0.5' });
    expect(sums).toEqual([
      ['sim', 0.25],
      ['sim', 0.5],
    ]);
  });

  it('writes in the context of the request that a record comes from', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const { ledger } = aLedger({
      write: async () => {
        await Promise.resolve();
        seen.push(storage.getStore());
      },
    });
    await using _closing = ledger;
    await Promise.all(['one', 'two'].map((name) => storage.run(name, () => ledger.record(aRecord()))));
    expect(seen).toEqual(['one', 'two']);
  });

  it('tries the same statement again while the database is away', async () => {
    const { ledger, statements, told, state } = aLedger();
    await using _closing = ledger;
    state.failWith = away;
    const recorded = ledger.record(aRecord());
    await waitFor(() => statements.length >= 2);
    expect(() => {
      ledger.assertOpen();
    }).toThrow('cannot be recorded');
    state.failWith = null;
    await recorded;
    expect(new Set(statements.map((statement) => statement.join())).size).toBe(1);
    expect(told).toEqual(['closed', 'opened', 'committed 1', 'nudge']);
    ledger.assertOpen();
  });

  it('notices by itself that the database is away, and that it is back', async () => {
    const { ledger, told, state } = aLedger();
    await using _closing = ledger;
    state.failWith = away;
    await waitFor(() => told.includes('closed'));
    state.failWith = null;
    await waitFor(() => told.includes('opened'));
  });

  it('makes nobody wait longer than it says, and writes the record all the same', async () => {
    const { ledger, statements, state, told } = aLedger({ commitMsMax: 50 });
    await using _closing = ledger;
    let release = (): void => undefined;
    state.hold = new Promise((resolve) => {
      release = resolve;
    });
    const record = aRecord();
    await expect(ledger.record(record)).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 2_000 });
    release();
    await waitFor(() => told.includes('committed 1'));
    expect(statements[0]).toEqual([record.id]);
  });

  it('does not let a record that the database refuses take others with it', async () => {
    const bad = aRecord();
    const written: string[] = [];
    const { ledger, told } = aLedger({
      write: (records) => {
        if (records.some(({ record }) => record.id === bad.id))
          return Promise.reject(new Error('refused by a constraint'));
        written.push(...records.map(({ record }) => record.id));
        return Promise.resolve();
      },
    });
    await using _closing = ledger;
    const results = await Promise.allSettled([aRecord(), aRecord(), bad, aRecord()].map((one) => ledger.record(one)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(written).toHaveLength(3);
    expect(told).toContain(`lost ${bad.id}`);
  });

  it('writes what is waiting when it closes, and takes nothing more', async () => {
    const { ledger, statements } = aLedger();
    const waiting = [ledger.record(aRecord()), ledger.record(aRecord())];
    await ledger[Symbol.asyncDispose]();
    await Promise.all(waiting);
    expect(statements.flat()).toHaveLength(2);
    await expect(ledger.record(aRecord())).rejects.toThrow('cannot be recorded');
    expect(() => {
      ledger.assertOpen();
    }).toThrow('cannot be recorded');
  });
});
