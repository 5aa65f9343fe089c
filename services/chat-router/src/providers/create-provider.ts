import { anthropicWire } from './anthropic/wire.ts';
import { geminiWire } from './gemini/wire.ts';
import { HttpProvider, type HttpProviderOptions } from './http-provider.ts';
import { quirksOf } from './openai-compatible/quirks.ts';
import { createOpenAiWire } from './openai-compatible/wire.ts';
import type { ProviderSettings } from './provider-settings.ts';
import type { Wire } from './wire.ts';

/**
 * True where images are fetched by somebody who stands outside: a server of one's own would fetch what it can reach and the
 * client cannot.
 */
export function takesAddresses({ kind, base_url: baseUrl, image_addresses: wish }: ProviderSettings): boolean {
  if (wish !== undefined) return wish === 'pass';
  return baseUrl === undefined && (kind === 'openai' || kind === 'anthropic' || kind === 'xai');
}

/** A provider as its settings describe it. `apiKey` null: it has none, which `api_key_env` may say is a lack. */
export function createProvider(
  settings: ProviderSettings,
  apiKey: string | null,
  options: HttpProviderOptions = {},
): HttpProvider {
  const missingSetting = apiKey === null ? (settings.api_key_env ?? null) : null;
  const { inlineImages, ...others } = options;
  const inlining = inlineImages === undefined || takesAddresses(settings) ? {} : { inlineImages };
  return new HttpProvider(wireOf(settings), settings, apiKey, { ...others, ...inlining, missingSetting });
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
