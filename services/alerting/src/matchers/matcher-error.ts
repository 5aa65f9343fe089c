/** Why a matcher cannot be read, in Alertmanager's words. Whoever reads it turns it into an answer of its own. */
export class MatcherError extends Error {
  override readonly name = 'MatcherError';
}
