import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  betterAfter,
  clearsAt,
  healthStatuses,
  silentMs,
  stepHealth,
  worseAfter,
  type HealthFacts,
  type ModelHealth,
} from './health-step.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const well: HealthFacts = {
  lastSampleAt: now,
  recent: { samples: 100, error_rate: 0.01, latency: 300, gpu_memory: 0.5, cpu_usage: null, memory_usage: 0.2 },
  limits: { error_rate: 0.05, latency: 1_000, gpu_memory: 0.8, cpu_usage: 0.8, memory_usage: 0.8 },
  burning: [],
  drifting: null,
};
const withRecent = (recent: Partial<HealthFacts['recent']>): HealthFacts => ({
  ...well,
  recent: { ...well.recent, ...recent },
});

/** The statuses after each look, a minute apart, each with a sample just before it. */
function walk(looks: readonly HealthFacts[], first: ModelHealth | null = null): ModelHealth[] {
  const healths: ModelHealth[] = [];
  for (const [index, facts] of looks.entries()) {
    const at = now + index * 60_000;
    const lastSampleAt = facts.lastSampleAt === now ? at : facts.lastSampleAt;
    healths.push(stepHealth(healths.at(-1) ?? first, { ...facts, lastSampleAt }, at));
  }
  return healths;
}
const statusesOf = (looks: readonly HealthFacts[]) => walk(looks).map(({ status }) => status);
const times = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

describe('the health of a model', () => {
  it('is what is seen at the first look', () => {
    expect(statusesOf([well])).toEqual(['ok']);
    expect(statusesOf([withRecent({ latency: 1_500 })])).toEqual(['degraded']);
    expect(statusesOf([withRecent({ error_rate: 0.1 })])).toEqual(['failing']);
    expect(statusesOf([{ ...well, drifting: ['age'] }])).toEqual(['drifting']);
    expect(statusesOf([{ ...well, lastSampleAt: null }])).toEqual(['no_data']);
  });

  it('names each resource that is over its limit (MX-5)', () => {
    const [health] = walk([withRecent({ gpu_memory: 0.9, cpu_usage: 0.95, memory_usage: 0.81 })]);
    expect(health?.status).toBe('degraded');
    expect(health?.reasons.map(({ kind, value, limit }) => [kind, value, limit])).toEqual([
      ['gpu_memory', 0.9, 0.8],
      ['cpu_usage', 0.95, 0.8],
      ['memory_usage', 0.81, 0.8],
    ]);
  });

  it('gets worse only when two looks agree, and better only when three do', () => {
    const slow = withRecent({ latency: 2_000 });
    expect(statusesOf([well, slow, well, slow, slow])).toEqual(['ok', 'ok', 'ok', 'ok', 'degraded']);
    expect(statusesOf([slow, well, well, slow, well, well, well])).toEqual([...times(6, 'degraded'), 'ok']);
    expect([worseAfter, betterAfter]).toEqual([2, 3]);
  });

  it('stays degraded by what hovers at its limit until that is clearly below it', () => {
    const [over, hovering, below] = [1_001, 1_000 * (clearsAt + 0.01), 1_000 * clearsAt].map((latency) =>
      withRecent({ latency: latency ?? 0 }),
    ) as [HealthFacts, HealthFacts, HealthFacts];
    expect(statusesOf([over, ...times(10, hovering)])).toEqual(times(11, 'degraded'));
    expect(statusesOf([well, ...times(10, hovering)])).toEqual(times(11, 'ok'));
    expect(statusesOf([over, below, below, below])).toEqual(['degraded', 'degraded', 'degraded', 'ok']);
  });

  it('fails at once for a budget that burns fast, on the second look, and is degraded by one that burns slowly', () => {
    const page = { ...well, burning: [{ objectiveId: 'slo_1', severity: 'page', rate: 20, factor: 14.4 } as const] };
    const ticket = { ...well, burning: [{ objectiveId: 'slo_1', severity: 'ticket', rate: 2, factor: 1 } as const] };
    expect(statusesOf([well, page, page])).toEqual(['ok', 'ok', 'failing']);
    expect(statusesOf([well, ticket, ticket])).toEqual(['ok', 'ok', 'degraded']);
  });

  it('has no data after half an hour of silence, and data again with the first sample', () => {
    const silent = { ...well, lastSampleAt: now - silentMs };
    expect(statusesOf([well, silent, well])).toEqual(['ok', 'no_data', 'ok']);
  });

  it('is no worse for a few samples, however bad they are', () => {
    expect(statusesOf(times(5, withRecent({ samples: 9, latency: 9_000, error_rate: 1 })))).toEqual(times(5, 'ok'));
  });

  it('keeps the moment of its last change, and changes at most at a look', () => {
    const facts = fc.constantFrom(
      well,
      withRecent({ latency: 2_000 }),
      withRecent({ error_rate: 1 }),
      { ...well, drifting: ['age'] },
      { ...well, lastSampleAt: null },
    );
    fc.assert(
      fc.property(fc.array(facts, { minLength: 1, maxLength: 40 }), (looks) => {
        const healths = walk(looks);
        for (const [index, health] of healths.entries()) {
          const before = healths[index - 1];
          expect(healthStatuses).toContain(health.status);
          expect(health.since).toBe(health.status === before?.status ? before.since : now + index * 60_000);
        }
      }),
    );
  });
});
