/** Why an envelope stays shut. */
export type VaultErrorReason =
  /** It is no envelope of ours. */
  | 'malformed'
  /** It was sealed under a key that this process does not hold. */
  | 'unknown_key'
  /** Another key of that name, another context, or changed bytes: the cipher cannot tell them apart, and nobody should. */
  | 'not_authentic';

/** An envelope could not be opened. It holds nothing of the envelope and nothing of any key. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly reason: VaultErrorReason;

  constructor(reason: VaultErrorReason, options?: ErrorOptions) {
    super(`The envelope cannot be opened: ${reason}`, options);
    this.reason = reason;
  }
}
