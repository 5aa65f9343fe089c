import type { Logger } from '@signalbox/telemetry';
import type { Counter } from './budget-counter.ts';
import type { Crossing } from './budgets.ts';

export interface LimitWatch {
  /** Tells of every limit that so much spent has reached, once for each in this process. `refused`: by the hard one. */
  saw(counter: Counter, spent: bigint, refused?: boolean): void;
  /** Resolves when nothing is being told any more. */
  settled(): Promise<void>;
}

const marksMax = 10_000;

export function watchLimits({
  crossed,
  logger,
}: {
  crossed: (crossing: Crossing) => Promise<void>;
  logger: Logger;
}): LimitWatch {
  const told = new Set<string>();
  const telling = new Set<Promise<void>>();

  function tell({ meter, span }: Counter, level: Crossing['level'], spent: bigint, mark: string): void {
    const work = crossed({ meter, span, level, spent })
      .catch((error: unknown) => {
        told.delete(mark);
        logger.warn('budget.crossing_not_told', { budget_id: meter.budget.id, level, error });
      })
      .finally(() => telling.delete(work));
    telling.add(work);
  }

  return {
    saw(counter, spent, refused = false) {
      for (const level of ['soft', 'hard'] as const) {
        const limit = counter.meter[level];
        if (limit === null || (spent < limit && !(refused && level === 'hard'))) continue;
        const mark = `${counter.key}:${level}:${String(limit)}`;
        if (told.has(mark)) continue;
        told.add(mark);
        if (told.size > marksMax) told.clear();
        tell(counter, level, spent, mark);
      }
    },
    async settled() {
      await Promise.all(telling);
    },
  };
}
