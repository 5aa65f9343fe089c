/** Leave to do something extra now and then: each ordinary call earns a share of one, up to `capacity`. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #share: number;
  #tokens: number;

  constructor({ capacity, share }: { capacity: number; share: number }) {
    this.#capacity = share === 0 ? 0 : capacity;
    this.#share = share;
    this.#tokens = this.#capacity;
  }

  earn(): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + this.#share);
  }

  /** False when there is none left. */
  spend(): boolean {
    // What was earned in tenths adds up to a little less than a whole one.
    if (this.#tokens < 1 - 1e-9) return false;
    this.#tokens -= 1;
    return true;
  }
}
