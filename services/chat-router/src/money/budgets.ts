import type { Meter, PeriodSpan } from './budget.ts';
import type { TokenUsage } from '../usage/token-usage.ts';
import type { SpendEstimate } from './estimate-spend.ts';
import type { Charge, KnownPrice } from './price-usage.ts';

/** One request that is about to spend. */
export interface Spending {
  /** One id is one reservation, however often it is asked for: the request's id, with a suffix where it makes several. */
  id: string;
  tenantId: string;
  /** The API key or user that asks. */
  principalId: string;
  /** The system or alias that was asked for; null: a model was. */
  system: string | null;
  estimate: SpendEstimate;
  /** How many calls may be billed for it: those that run at once. */
  callsMax: number;
}

/** Somebody who may answer, as far as money goes. */
export interface PricedTarget {
  /** Null: nobody knows. */
  price: KnownPrice | null;
  /** The most that the model writes; null: nobody knows. */
  outputTokensMax: number | null;
}

/** One call that was made. */
export interface PricedCall {
  price: KnownPrice | null;
  usage: TokenUsage;
  /** What came of its answer, in characters of text and of arguments: it counts where the provider did not. */
  outputCharacters: number;
  /** False: it was refused, or failed before anything came. What no usage was told of then costs nothing. */
  answered: boolean;
}

/** What a request may spend at most, held back in every budget that it touches. */
export interface Reservation {
  /** False for a target whose price nobody knows while a budget refuses that. */
  mayAsk(target: PricedTarget): boolean;
  /** What a call costs, for its row in the ledger and for `settle`. */
  chargeOf(call: PricedCall): Charge;
  /**
   * Turns what was held into what was spent; the rest is free again. To be called once, when the request is over and its
   * rows are in the ledger; with nothing when nothing was spent. Again it changes nothing. Resolves when it is done or will
   * be, as soon as Redis is back; never rejects.
   */
  settle(charges: readonly Charge[]): Promise<void>;
}

/** A limit of a budget that was reached in a period, or by which a request was refused. */
export interface Crossing {
  meter: Meter;
  span: PeriodSpan;
  level: 'soft' | 'hard';
  spent: bigint;
}

export interface Budgets extends AsyncDisposable {
  /**
   * Holds back what the dearest of the candidates may cost, in all budgets or in none, in one step for all replicas.
   * Throws `budget_exhausted` where a hard budget has no room, or where all prices are unknown and a budget refuses that;
   * `unavailable` where there is a hard budget and nobody can say what is left of it. Where there is no budget, nobody is
   * asked.
   */
  reserve(spending: Spending, candidates: readonly PricedTarget[]): Promise<Reservation>;
}
