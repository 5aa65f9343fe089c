import { describe, expect, it } from '@jest/globals';
import { describeSettings } from './describe-settings.ts';

class Keys {
  readonly secret = 'canary';
}

describe('LA-1: describeSettings', () => {
  it('shows what is harmless and hides what is not', () => {
    expect(
      describeSettings({
        port: 80,
        host: '127.0.0.1',
        sunset: null,
        databaseUrl: 'postgres://user:canary@host:5432/db?x=1',
        identityKeys: new Keys(),
        apiKey: 'canary',
        API_KEY: 'canary',
        tokenIssuer: 'canary',
        providers: [{ name: 'a', api_key_env: 'OPENAI_API_KEY', password: 'canary', urls: ['http://canary@host/'] }],
      }),
    ).toEqual({
      port: 80,
      host: '127.0.0.1',
      sunset: null,
      databaseUrl: 'postgres://[redacted]@host:5432/db?x=1',
      identityKeys: '[redacted]',
      apiKey: '[redacted]',
      API_KEY: '[redacted]',
      tokenIssuer: '[redacted]',
      providers: [{ name: 'a', api_key_env: '[redacted]', password: '[redacted]', urls: ['http://[redacted]@host/'] }],
    });
  });

  it('shows of a class its name only', () => {
    expect(JSON.stringify(describeSettings({ ring: new Keys() }))).toBe('{"ring":"[Keys]"}');
  });
});
