/** Why a command got no answer. */
export type AwayReason =
  /** It was never sent. */
  | 'not_connected'
  /** It was sent; Redis may have run it, or may yet. */
  | 'no_answer'
  /** Redis answered that it cannot serve now: loading, full, a replica, busy. */
  | 'refused';

/** Redis gave no useful answer in time. No `AppError`: whoever asked decides whether it can go on without. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway';
  readonly reason: AwayReason;

  constructor(reason: AwayReason, options?: ErrorOptions) {
    super(`Redis is away: ${reason}`, options);
    this.reason = reason;
  }
}

/** Waits for a command's answer. Rejects with `RedisAway` when Redis is away; what it threw for other reasons stays as it is. */
export async function askRedis<Answer>(command: Promise<Answer>): Promise<Answer> {
  try {
    return await command;
  } catch (error) {
    const reason = awayReason(error);
    throw reason === null ? error : new RedisAway(reason, { cause: error });
  }
}

function awayReason(error: unknown): AwayReason | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'ReplyError')
    return /^(?:LOADING|OOM|READONLY|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MISCONF|NOREPLICAS|UNKILLABLE)\b/.test(
      error.message,
    )
      ? 'refused'
      : null;
  if (error.message.startsWith("Stream isn't writeable")) return 'not_connected';
  if (
    error.name === 'MaxRetriesPerRequestError' ||
    error.name === 'AbortError' ||
    'code' in error ||
    /^(?:Command timed out|Connection is closed|Socket timeout)/.test(error.message)
  )
    return 'no_answer';
  return null;
}
