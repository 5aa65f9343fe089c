import { isLabelName, type LabelSet } from '../labels/label-set.ts';
import { quoteGo } from '../labels/quote-go.ts';
import { compileUnanchored } from '../matchers/compile-regex.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { compileMatcher, matchesAll, type MatcherSpec } from '../matchers/matcher.ts';

/** What somebody asks not to be told of for a while: alerts that fit all matchers. */
export interface SilenceInput {
  readonly matchers: readonly MatcherSpec[];
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: LabelSet;
}

export interface Silence extends SilenceInput {
  readonly id: string;
  readonly updatedAt: Date;
}

export type SilenceState = 'active' | 'pending' | 'expired';

/** How long a silence can still be seen after it has ended. */
export const silenceRetentionMs = 120 * 3_600_000;

/** Why a silence cannot be as it was asked for, in Alertmanager's words. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError';
}

export function silenceState({ startsAt, endsAt }: Pick<Silence, 'startsAt' | 'endsAt'>, now: Date): SilenceState {
  if (now < startsAt) return 'pending';
  return now >= endsAt ? 'expired' : 'active';
}

/** What setting a silence means: what it was is kept (as `expired`) unless nothing of the past changes by the update. */
export type SilencePlan =
  { kind: 'update'; silence: Silence } | { kind: 'create'; silence: Silence; expired: Silence | null };

/**
 * Plans to set a silence, which replaces `previous` if that is given. In place only what lies ahead can be changed: never
 * the matchers; of an active one not the start; of a pending one not into the past. Throws `SilenceError`.
 */
export function planSilence(
  previous: Silence | null,
  input: SilenceInput,
  now: Date,
  newId: () => string,
): SilencePlan {
  if (input.startsAt >= input.endsAt)
    throw new SilenceError('Failed to create silence: start time must be before end time');
  if (input.endsAt < now) throw new SilenceError("Failed to create silence: end time can't be in the past");
  assertMatchers(input.matchers);
  if (previous !== null && isUpdate(previous, input, now))
    return { kind: 'update', silence: { ...input, id: previous.id, updatedAt: now } };
  const startsAt = input.startsAt < now ? now : input.startsAt;
  return {
    kind: 'create',
    silence: { ...input, startsAt, id: newId(), updatedAt: now },
    expired: previous === null ? null : expireSilence(previous, now),
  };
}

/** The silence as it is once it is ended: at once, and if it had not begun, as if it never would. `null` if it had ended. */
export function expireSilence(silence: Silence, now: Date): Silence | null {
  switch (silenceState(silence, now)) {
    case 'expired':
      return null;
    case 'active':
      return { ...silence, endsAt: now, updatedAt: now };
    case 'pending':
      return { ...silence, startsAt: now, endsAt: now, updatedAt: now };
  }
}

/** Says for a label set which active silences fit it, by their ids in order. */
export function createSilencer(silences: readonly Silence[], now: Date): (labels: LabelSet) => readonly string[] {
  const active = silences
    .filter((silence) => silenceState(silence, now) === 'active')
    .map(({ id, matchers }) => ({ id, matchers: matchers.map(compileMatcher) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return (labels) => active.filter(({ matchers }) => matchesAll(matchers, labels)).map(({ id }) => id);
}

const stateOrder: readonly SilenceState[] = ['active', 'pending', 'expired'];

/** Active ones first, the next to end before the others; then pending ones, the next to begin first; then the last ended. */
export function compareSilences(left: Silence, right: Silence, now: Date): number {
  const state = silenceState(left, now);
  const other = silenceState(right, now);
  if (state !== other) return stateOrder.indexOf(state) - stateOrder.indexOf(other);
  switch (state) {
    case 'active':
      return left.endsAt.getTime() - right.endsAt.getTime();
    case 'pending':
      return left.startsAt.getTime() - right.startsAt.getTime();
    case 'expired':
      return right.endsAt.getTime() - left.endsAt.getTime();
  }
}

/** Whether a silence has each of the matchers asked for, letter by letter. */
export function hasMatchers({ matchers }: Pick<Silence, 'matchers'>, wanted: readonly MatcherSpec[]): boolean {
  return wanted.every((one) => matchers.some((matcher) => sameMatcher(matcher, one)));
}

function sameMatcher(left: MatcherSpec, right: MatcherSpec): boolean {
  return left.name === right.name && left.op === right.op && left.value === right.value;
}

function isUpdate(previous: Silence, next: SilenceInput, now: Date): boolean {
  const same =
    previous.matchers.length === next.matchers.length &&
    previous.matchers.every((matcher, index) => {
      const other = next.matchers[index];
      return other !== undefined && sameMatcher(matcher, other);
    });
  if (!same) return false;
  switch (silenceState(previous, now)) {
    case 'active':
      return wholeSeconds(previous.startsAt) === wholeSeconds(next.startsAt);
    case 'pending':
      return next.startsAt >= now;
    case 'expired':
      return false;
  }
}

function wholeSeconds(moment: Date): number {
  return Math.floor(moment.getTime() / 1_000);
}

function assertMatchers(matchers: readonly MatcherSpec[]): void {
  if (matchers.length === 0) throw invalid('at least one matcher required');
  for (const [index, { name, op, value }] of matchers.entries()) {
    if (!isLabelName(name)) throw invalid(`invalid label matcher ${index}: invalid label name ${quoteGo(name)}`);
    if (op === '=' || op === '!=') continue;
    try {
      compileUnanchored(value);
    } catch (thrown) {
      if (!(thrown instanceof MatcherError)) throw thrown;
      throw invalid(`invalid label matcher ${index}: invalid regular expression ${quoteGo(value)}: ${thrown.message}`);
    }
  }
  if (matchers.every(matchesEmpty)) throw invalid('at least one matcher must not match the empty string');
}

function invalid(reason: string): SilenceError {
  return new SilenceError(`silence invalid: ${reason}`);
}

/** A negated matcher never counts as one that every alert fits. */
function matchesEmpty({ op, value }: MatcherSpec): boolean {
  if (op === '=') return value === '';
  return op === '=~' && compileUnanchored(value).test('');
}
