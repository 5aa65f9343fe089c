import type { ModelEntry, PriceTable, Vendor } from './model-entry.ts';
import { parseUsd } from './nano-usd.ts';
import type { KnownPrice, Prices } from './price-tokens.ts';

/** What is known of models, by whom they are asked at and by any of their names. */
export interface PriceBook {
  entryOf(vendor: Vendor, model: string): ModelEntry | null;
  /** The price on a day (UTC, `2026-11-20`). Null: nobody knows it, or not for so long ago. */
  priceOf(vendor: Vendor, model: string, day: string): KnownPrice | null;
}

export function createPriceBook({ entries, version }: { entries: readonly ModelEntry[]; version: string }): PriceBook {
  const byName = new Map<string, ModelEntry>();
  for (const entry of entries) {
    for (const name of [entry.id, ...entry.aliases]) byName.set(`${entry.vendor}/${name}`, entry);
  }
  // A price is parsed once for each of its periods, not for each request.
  const priced = new WeakMap<object, KnownPrice>();
  const entryOf: PriceBook['entryOf'] = (vendor, model) => byName.get(`${vendor}/${model}`) ?? null;
  return {
    entryOf,
    priceOf(vendor, model, day) {
      const period = entryOf(vendor, model)?.prices.findLast(({ from }) => from <= day);
      if (period === undefined) return null;
      let known = priced.get(period);
      if (known === undefined) {
        const { long } = period;
        known = {
          prices: toPrices(period),
          longInput: long === undefined ? null : { aboveTokens: long.aboveTokens, prices: toPrices(long) },
          version: `registry ${version}`,
        };
        priced.set(period, known);
      }
      return known;
    },
  };
}

export function toPrices(table: PriceTable): Prices {
  const optional = (usd: string | undefined) => (usd === undefined ? null : parseUsd(usd));
  return {
    input: parseUsd(table.input),
    output: parseUsd(table.output),
    cachedInput: optional(table.cachedInput),
    cacheWrite: optional(table.cacheWrite),
    reasoning: optional(table.reasoning),
  };
}
