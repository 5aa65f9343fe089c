import type { AmSilence } from '@signalbox/contracts';
import type { MatcherOperator, MatcherSpec } from '../matchers/matcher.ts';
import { silenceState, type Silence } from '../silences/silence.ts';
import { formatGoTime } from './go-time.ts';

export function presentSilence(silence: Silence, now: Date): AmSilence {
  return {
    id: silence.id,
    status: { state: silenceState(silence, now) },
    updatedAt: formatGoTime(silence.updatedAt),
    annotations: { ...silence.annotations },
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: formatGoTime(silence.endsAt),
    matchers: silence.matchers.map(({ name, op, value }) => ({
      isEqual: op.startsWith('='),
      isRegex: op.endsWith('~'),
      name,
      value,
    })),
    startsAt: formatGoTime(silence.startsAt),
  };
}

/** The matchers as Alertmanager's clients write them. */
export function matchersOf(
  matchers: readonly { name: string; value: string; isRegex: boolean; isEqual: boolean }[],
): MatcherSpec[] {
  return matchers.map(({ name, value, isRegex, isEqual }) => {
    const op: MatcherOperator = isEqual ? (isRegex ? '=~' : '=') : isRegex ? '!~' : '!=';
    return { name, op, value };
  });
}
