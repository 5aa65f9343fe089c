import { describe, expect, it } from '@jest/globals';
import { firstRunAt, planRun } from './schedule.ts';

const at = (time: string) => new Date(`2026-03-01T${time}Z`);

describe('when windows are judged', () => {
  it('waits for the end of the window, and a minute for what is under way', () => {
    expect(firstRunAt(at('10:20:00'), 60)).toEqual(at('11:01:00'));
    expect(firstRunAt(at('10:00:00'), 15)).toEqual(at('10:16:00'));
  });

  it('judges window after window, none twice', () => {
    const plan = planRun({ nextRunAt: at('11:01:00'), windowMinutes: 60 }, at('11:01:05'));
    expect(plan).toEqual({ window: { from: at('10:00:00'), to: at('11:00:00') }, nextRunAt: at('12:01:00') });
  });

  it('catches up with the last three after having been away', () => {
    const plan = planRun({ nextRunAt: at('01:01:00'), windowMinutes: 60 }, at('20:30:00'));
    expect(plan).toEqual({ window: { from: at('17:00:00'), to: at('18:00:00') }, nextRunAt: at('19:01:00') });
  });
});
