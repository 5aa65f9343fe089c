import { createPriceBook, models, priceTokens, registryVersion, type Vendor } from '@signalbox/prices';
import type { PriceCall } from './sample-of-span.ts';

/** What instrumentations call those whose prices are known. The same models at another's (Azure, Bedrock, Vertex) cost other prices. */
const vendors: Readonly<Record<string, Vendor>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  gemini: 'google',
  google: 'google',
  'gcp.gemini': 'google',
  'gcp.gen_ai': 'google',
  xai: 'xai',
  x_ai: 'xai',
  mistral: 'mistral',
  mistral_ai: 'mistral',
  mistralai: 'mistral',
  deepseek: 'deepseek',
  groq: 'groq',
};

/** Prices calls by the table that came with this version, as it was on the day of the call. */
export function createPriceCall(): PriceCall {
  const book = createPriceBook({ entries: models, version: registryVersion });
  return ({ provider, models: names, timeMs, used }) => {
    const vendor = vendors[(provider ?? '').toLowerCase()];
    if (vendor === undefined) return null;
    const day = new Date(timeMs).toISOString().slice(0, 10);
    for (const name of names) {
      const price = book.priceOf(vendor, name, day);
      const nanos = price === null ? null : priceTokens(used, price);
      if (price !== null && nanos !== null) return { nanos, version: price.version };
    }
    return null;
  };
}
