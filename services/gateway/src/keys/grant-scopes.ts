import { covers, type Scope } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';

/** Throws `forbidden` when the caller would hand out, or take over, more than it holds itself. */
export function assertMayGrant(held: readonly string[], granted: readonly Scope[]): void {
  const beyond = granted.filter((scope) => !covers(held, scope));
  if (beyond.length > 0) {
    throw new AppError('forbidden', `The credentials do not hold what this would give: ${beyond.join(', ')}.`);
  }
}
