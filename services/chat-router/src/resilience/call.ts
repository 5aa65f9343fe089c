import type { UsageRecord } from '@signalbox/contracts';
import type { AppError } from '@signalbox/errors';
import type { Principal } from '@signalbox/identity';
import type { Reservation } from '../money/budgets.ts';
import type { SpendEstimate } from '../money/estimate-spend.ts';
import type { Charge } from '../money/price-usage.ts';
import type { CallProgress } from '../providers/provider.ts';
import type { Candidate } from '../routing/plan-route.ts';
import type { Ledger } from '../usage/ledger.ts';
import { mergeUsage, unknownUsage, type TokenUsage } from '../usage/token-usage.ts';
import { usageRecordOf, type Call as CallFacts, type CallResult } from '../usage/usage-record.ts';

/** What all calls that are made for one request have in common. */
export interface Errand {
  principal: Principal;
  requestId: string;
  requestedModel: string;
  /** The alias or system that was asked for; null: a model was. */
  system: string | null;
  tags: Readonly<Record<string, string>>;
  streamed: boolean;
  estimate: SpendEstimate;
  reservation: Reservation;
  /** What each call that is over has cost, in the order of their ends. */
  charges: Charge[];
  /** How many calls were begun. */
  calls: number;
}

export interface CallEvents {
  /** A provider was asked, and this is what came of it; `error` where it was not an answer. */
  called(event: { call: CallFacts; result: CallResult; error?: AppError }): void;
}

export interface CallDeps {
  ledger: Ledger;
  events: CallEvents;
}

/** One call to one provider that is going on. Whatever becomes of it, `finish` puts it into the ledger. */
export class Call implements CallProgress {
  readonly candidate: Candidate;
  usage: TokenUsage = unknownUsage;
  readonly #errand: Errand;
  readonly #deps: CallDeps;
  readonly #facts: CallFacts;
  readonly #number: number;
  readonly #startedMs = performance.now();
  #firstTokenMs: number | null = null;
  #answeredMs: number | null = null;
  #characters = 0;
  #documentBytes = 0;
  #wasSent = false;

  constructor(deps: CallDeps, errand: Errand, candidate: Candidate) {
    errand.calls += 1;
    this.candidate = candidate;
    this.#errand = errand;
    this.#deps = deps;
    this.#number = errand.calls;
    this.#facts = {
      tenantId: errand.principal.tenantId,
      principalId: errand.principal.principalId,
      requestId: errand.requestId,
      target: candidate.target,
      requestedModel: errand.requestedModel,
      streamed: errand.streamed,
      startedAt: new Date(),
    };
  }

  /** Until now, or until the answer was whole. */
  get latencyMs(): number {
    return this.#answeredMs ?? performance.now() - this.#startedMs;
  }

  /** The answer is whole; what is done with it afterwards took no time of the provider's. */
  answered(): void {
    this.#answeredMs ??= this.latencyMs;
  }

  /** Null as long as no part of a streamed answer has come. */
  get firstTokenMs(): number | null {
    return this.#firstTokenMs;
  }

  sent(): void {
    this.#wasSent = true;
  }

  received(bytes: number): void {
    this.#documentBytes += bytes;
  }

  saw(usage: TokenUsage | null, hasContent: boolean, characters: number): void {
    if (usage !== null) this.usage = mergeUsage(this.usage, usage);
    if (hasContent) this.#firstTokenMs ??= this.latencyMs;
    this.#characters += characters;
  }

  /** Resolves when the call stands in the ledger; rejects with `unavailable` when it could not be put there in time. */
  async finish(outcome: UsageRecord['outcome'], error?: AppError): Promise<void> {
    const result = { outcome, usage: this.usage, latencyMs: this.latencyMs, firstTokenMs: this.#firstTokenMs };
    this.#deps.events.called({ call: this.#facts, result, ...(error === undefined ? {} : { error }) });
    const { reservation, charges, estimate, system, tags } = this.#errand;
    const charge =
      // Whoever was asked twice at our own wish pays for one answer.
      outcome === 'cancelled'
        ? freeOfCharge
        : reservation.chargeOf({
            price: this.candidate.facts.price,
            usage: this.usage,
            outputCharacters: this.#characters + (outcome === 'aborted' ? this.#documentBytes : 0),
            // Whom nobody waits for any more goes on working, or has worked: what was sent and seen is billed.
            answered: outcome === 'ok' || this.#firstTokenMs !== null || (outcome === 'aborted' && this.#wasSent),
          });
    charges.push(charge);
    const costs = { charge, estimate, system, tags, attempts: this.#number };
    await this.#deps.ledger.record(usageRecordOf(this.#facts, result, costs));
  }
}

const freeOfCharge: Charge = { usd: 0n, basis: 'price', priceVersion: null, tokens: 0 };
