import { anthropicWire } from './anthropic/wire.ts';
import { geminiWire } from './gemini/wire.ts';
import { HttpProvider, type HttpProviderOptions } from './http-provider.ts';
import { quirksOf } from './openai-compatible/quirks.ts';
import { createOpenAiWire } from './openai-compatible/wire.ts';
import type { ProviderSettings } from './provider-settings.ts';
import type { Wire } from './wire.ts';

/** A provider as its settings describe it. `apiKey` null: it has none, which `api_key_env` may say is a lack. */
export function createProvider(
  settings: ProviderSettings,
  apiKey: string | null,
  options: HttpProviderOptions = {},
): HttpProvider {
  const missingSetting = apiKey === null ? (settings.api_key_env ?? null) : null;
  return new HttpProvider(wireOf(settings), settings, apiKey, { ...options, missingSetting });
}

function wireOf({ kind, quirks }: ProviderSettings): Wire {
  switch (kind) {
    case 'anthropic':
      return anthropicWire;
    case 'gemini':
      return geminiWire;
    case 'openai':
      return createOpenAiWire(quirksOf(quirks, 'openai'), 'https://api.openai.com/v1');
    case 'xai':
      return createOpenAiWire(quirksOf(quirks, 'xai'), 'https://api.x.ai/v1');
    case 'openai_compatible':
      return createOpenAiWire(quirksOf(quirks, null), null);
  }
}
