import { describe, expect, it } from '@jest/globals';
import { findTarget, type CatalogEntry } from './find-target.ts';

const catalog: CatalogEntry[] = [
  { name: 'signalbox', models: ['extractive'], missingSetting: null },
  { name: 'openai', models: ['gpt-5', 'gpt-5-mini', 'shared'], missingSetting: null },
  { name: 'openrouter', models: ['openai/gpt-5', 'meta/llama', 'shared'], missingSetting: null },
  { name: 'dark', models: ['gpt-5', 'only-dark'], missingSetting: 'DARK_KEY' },
];
const target = (provider: string, model: string) => ({ kind: 'found', target: { provider, model } });

describe('finding a target (LA-14)', () => {
  it.each([
    ['signalbox/extractive', 'signalbox', 'extractive'],
    ['extractive', 'signalbox', 'extractive'],
    ['gpt-5-mini', 'openai', 'gpt-5-mini'],
    ['meta/llama', 'openrouter', 'meta/llama'],
    ['openrouter/meta/llama', 'openrouter', 'meta/llama'],
  ])('takes %s to %s', (requested, provider, model) => {
    expect(findTarget(catalog, requested)).toEqual(target(provider, model));
  });

  it('lets the full name win over a bare name that looks like it', () => {
    expect(findTarget(catalog, 'openai/gpt-5')).toEqual(target('openai', 'gpt-5'));
    expect(findTarget(catalog, 'openrouter/openai/gpt-5')).toEqual(target('openrouter', 'openai/gpt-5'));
  });

  it('names the candidates when a bare name fits several providers', () => {
    expect(findTarget(catalog, 'shared')).toEqual({
      kind: 'ambiguous',
      candidates: ['openai/shared', 'openrouter/shared'],
    });
  });

  it('passes over providers that cannot be asked as long as another can', () => {
    expect(findTarget(catalog, 'gpt-5')).toEqual(target('openai', 'gpt-5'));
    expect(findTarget(catalog, 'only-dark')).toEqual({
      kind: 'not_configured',
      target: { provider: 'dark', model: 'only-dark' },
      missingSetting: 'DARK_KEY',
    });
    expect(findTarget(catalog, 'dark/gpt-5')).toMatchObject({ kind: 'not_configured' });
  });

  it.each(['gpt-6', '', '/', 'openai/', '/gpt-5', 'openai/gpt-6', 'OPENAI/gpt-5'])('knows no %j', (requested) => {
    expect(findTarget(catalog, requested)).toEqual({ kind: 'unknown' });
  });
});
