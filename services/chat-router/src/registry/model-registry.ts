import type { ModelFactsInput, ProviderKind } from '@signalbox/contracts';
import {
  createPriceBook,
  models,
  registryVersion,
  toPrices,
  type KnownPrice,
  type ModelEntry,
  type PriceTable,
  type Vendor,
} from '@signalbox/prices';
import { unknownFacts, type ModelFacts } from '../routing/model-facts.ts';

/** What is known of models. It is data that came with this version; nothing is fetched. */
export interface ModelRegistry {
  /** The facts of a model on a day; `overrides` of the one who connected it go before what is known here. */
  factsOf(vendor: Vendor | null, model: string, overrides?: ModelFactsInput): ModelFacts;
  entryOf(vendor: Vendor | null, model: string): ModelEntry | null;
  /** The models that a connection of this vendor has unless it names its own. */
  modelsOf(vendor: Vendor): string[];
}

const vendorOfKind = {
  openai: 'openai',
  anthropic: 'anthropic',
  gemini: 'google',
  xai: 'xai',
} as const satisfies Record<Exclude<ProviderKind, 'openai_compatible'>, Vendor>;

/** Who answers at these addresses, whatever kind of connection leads there. */
const vendorOfHost: Readonly<Record<string, Vendor>> = {
  'api.openai.com': 'openai',
  'api.anthropic.com': 'anthropic',
  'generativelanguage.googleapis.com': 'google',
  'api.x.ai': 'xai',
  'api.mistral.ai': 'mistral',
  'api.deepseek.com': 'deepseek',
  'api.groq.com': 'groq',
};

/**
 * Whose prices hold at a connection: of the kind, unless it leads somewhere else than to its vendor. Null: somebody whose
 * prices nobody here knows, be it for the same model.
 */
export function vendorOf(kind: ProviderKind, baseUrl: string | null): Vendor | null {
  if (baseUrl !== null) return vendorOfHost[new URL(baseUrl).hostname] ?? null;
  return kind === 'openai_compatible' ? null : vendorOfKind[kind];
}

export function createModelRegistry({
  entries = models,
  version = registryVersion,
  now = () => new Date(),
}: { entries?: readonly ModelEntry[]; version?: string; now?: () => Date } = {}): ModelRegistry {
  const book = createPriceBook({ entries, version });

  function entryOf(vendor: Vendor | null, model: string): ModelEntry | null {
    return vendor === null ? null : book.entryOf(vendor, model);
  }

  return {
    entryOf,
    factsOf(vendor, model, overrides) {
      const entry = entryOf(vendor, model);
      const facts: ModelFacts =
        entry === null
          ? unknownFacts
          : {
              contextTokensMax: entry.contextTokensMax,
              outputTokensMax: entry.outputTokensMax,
              vision: entry.vision,
              tools: entry.tools,
              jsonSchema: entry.jsonSchema,
              reasoning: entry.reasoning,
              generates: entry.generates,
              embeddings: entry.embeddings,
              price: book.priceOf(entry.vendor, entry.id, now().toISOString().slice(0, 10)),
              quality: entry.tier,
              tokenizer: entry.tokenizer,
              sources: entry.sources,
            };
      return overrides === undefined ? facts : overridden(facts, overrides);
    },
    modelsOf: (vendor) => entries.filter((entry) => entry.vendor === vendor).map(({ id }) => id),
  };
}

function overridden(facts: ModelFacts, given: ModelFactsInput): ModelFacts {
  return {
    contextTokensMax: given.context_tokens_max ?? facts.contextTokensMax,
    outputTokensMax: given.output_tokens_max ?? facts.outputTokensMax,
    vision: given.vision ?? facts.vision,
    tools: given.tools ?? facts.tools,
    jsonSchema: given.json_schema ?? facts.jsonSchema,
    reasoning: given.reasoning ?? facts.reasoning,
    generates: facts.generates,
    embeddings: given.embeddings ?? facts.embeddings,
    quality: given.quality ?? facts.quality,
    tokenizer: facts.tokenizer,
    sources: facts.sources,
    price: given.prices === undefined ? facts.price : statedPrice(given.prices),
  };
}

/** The price that somebody stated for a connection. Its version tells it again in words. */
function statedPrice(given: NonNullable<ModelFactsInput['prices']>): KnownPrice {
  const table: PriceTable = {
    input: given.input,
    output: given.output,
    ...(given.cached_input === undefined ? {} : { cachedInput: given.cached_input }),
    ...(given.cache_write === undefined ? {} : { cacheWrite: given.cache_write }),
    ...(given.reasoning === undefined ? {} : { reasoning: given.reasoning }),
  };
  const words = Object.entries(table).map(([name, usd]) => `${name} ${usd}`);
  return { prices: toPrices(table), longInput: null, version: `stated ${words.join(', ')}` };
}
