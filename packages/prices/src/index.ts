export { type ModelEntry, type PriceTable, type Vendor } from './model-entry.ts';
export { models, registryVersion } from './models.ts';
export { formatUsd, parseUsd, type NanoUsd } from './nano-usd.ts';
export { createPriceBook, toPrices, type PriceBook } from './price-book.ts';
export { perMillion, priceTokens, type KnownPrice, type Prices, type UsedTokens } from './price-tokens.ts';
