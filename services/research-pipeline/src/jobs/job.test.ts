import { describe, expect, it } from '@jest/globals';
import { ResearchStatus } from '@signalbox/contracts';
import { budgetOf, exhausted, nothingSpent } from './budget.ts';
import { isOver, statesBefore, stepJob, type JobEvent } from './job.ts';

const events: readonly JobEvent[] = [
  ...(['claimed', 'planned', 'approved', 'completed', 'completed_in_part'] as const),
  ...(['failed', 'cancel_asked', 'let_go', 'retried'] as const),
];

describe('the states of a job (R17)', () => {
  it('says cancelled only when its worker has let go, or none had it', () => {
    expect(stepJob('running', 'cancel_asked')).toBe('cancelling');
    expect(stepJob('cancelling', 'let_go')).toBe('cancelled');
    for (const event of events.filter((one) => one !== 'let_go' && one !== 'cancel_asked'))
      expect([event, stepJob('cancelling', event)]).toEqual([event, null]);
    for (const status of ['queued', 'waiting_for_approval'] as const)
      expect(stepJob(status, 'cancel_asked')).toBe('cancelled');
  });

  it('leaves an end only by being taken up again, and a whole report never', () => {
    for (const status of ResearchStatus.options.filter(isOver)) {
      const ways = events.filter((event) => ![null, status].includes(stepJob(status, event)));
      expect([status, ways]).toEqual([status, status === 'completed' ? [] : ['retried']]);
    }
  });

  it('lets a worker take over from one that died', () => {
    expect(statesBefore('claimed')).toEqual(['queued', 'running']);
  });
});

describe('a budget', () => {
  it('is there without being asked for (§ budgets)', () => {
    expect(budgetOf({ topic: 'x' })).toEqual({
      sources: 30,
      fetch_bytes: 60_000_000,
      llm_tokens: 200_000,
      usd: 1,
      wall_seconds: 900,
    });
  });

  it('says what of it is used up by a share, and nothing before', () => {
    const budget = budgetOf({ topic: 'x', budget: { max_usd: 2 } });
    expect(exhausted(budget, { ...nothingSpent, usd: 1.59 }, 0.8)).toBeNull();
    expect(exhausted(budget, { ...nothingSpent, usd: 1.6 }, 0.8)).toBe('US dollars');
    expect(exhausted(budget, { ...nothingSpent, usd: 1.6 }, 1)).toBeNull();
    expect(exhausted(budget, { ...nothingSpent, sources: 30 }, 1)).toBeNull();
  });
});
