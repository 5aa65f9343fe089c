import { describe, expect, it } from '@jest/globals';
import { TaskStatus } from '@signalbox/contracts';
import fc from 'fast-check';
import { isOver, statesBefore, stepTask, type TaskEvent } from './task.ts';

const events: TaskEvent[] = ['claimed', 'completed', 'failed', 'cancelled'];

describe('the states of a task (R17)', () => {
  it('go forwards only, and an end is an end', () => {
    const rank = { pending: 0, processing: 1, completed: 2, failed: 2, cancelled: 2 };
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events)), (happened) => {
        let status: TaskStatus = 'pending';
        for (const event of happened) {
          const next: TaskStatus | null = stepTask(status, event);
          if (next === null) continue;
          expect(rank[next]).toBeGreaterThanOrEqual(rank[status]);
          if (isOver(status)) expect(next).toBe(status);
          status = next;
        }
      }),
    );
  });

  it('say in which state an event changes something', () => {
    expect(statesBefore('claimed')).toEqual(['pending', 'processing']);
    expect(statesBefore('completed')).toEqual(['processing']);
    expect(statesBefore('cancelled')).toEqual(['pending', 'processing']);
    for (const event of events) {
      for (const status of TaskStatus.options.filter((one) => !statesBefore(event).includes(one))) {
        expect([null, status]).toContain(stepTask(status, event));
      }
    }
  });
});
