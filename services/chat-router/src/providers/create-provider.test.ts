import { describe, expect, it } from '@jest/globals';
import { takesAddresses } from './create-provider.ts';
import { ProviderSettings } from './provider-settings.ts';

describe('who gets the addresses of images (OD-25, S8)', () => {
  it.each([
    ['openai', undefined, undefined, true],
    ['anthropic', undefined, undefined, true],
    ['xai', undefined, undefined, true],
    ['gemini', undefined, undefined, false],
    ['openai_compatible', 'https://llm.example.com/v1', undefined, false],
    ['openai', 'http://10.0.0.7/v1', undefined, false],
    ['anthropic', undefined, 'fetch', false],
    ['openai_compatible', 'https://llm.example.com/v1', 'pass', true],
  ])('%s at %s, told to %s: %s', (kind, base_url, image_addresses, passes) => {
    const given = { name: 'x', kind, models: ['m'], base_url, image_addresses };
    const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    expect(takesAddresses(ProviderSettings.parse(settings))).toBe(passes);
  });
});
