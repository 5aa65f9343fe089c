import { ConfigError } from '@signalbox/config';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.ts';

const secret = Buffer.alloc(32, 1).toString('base64url');
const good = {
  PORT: '8080',
  ADMIN_PORT: '9090',
  DATABASE_URL: 'postgres://gateway_app:hidden@127.0.0.1/signalbox',
  REDIS_QUEUE_URL: 'redis://127.0.0.1/0',
  REDIS_CACHE_URL: 'redis://127.0.0.1/1',
  IDENTITY_KEYS: ['gateway', 'chat-router', 'monitoring-ingest', 'alerting', 'research-pipeline']
    .map((name) => `${name}:a:${secret}`)
    .join(','),
  TOKEN_SIGNING_KEYS_FILE: '/keys.json',
  TOKEN_ISSUER: 'https://api.example.com',
  CHAT_ROUTER_URL: 'http://127.0.0.1:8081',
  CHAT_ROUTER_ADMIN_URL: 'http://127.0.0.1:9091',
  MONITORING_INGEST_URL: 'http://127.0.0.1:8082',
  MONITORING_INGEST_ADMIN_URL: 'http://127.0.0.1:9092',
  ALERTING_URL: 'http://127.0.0.1:8083',
  ALERTING_ADMIN_URL: 'http://127.0.0.1:9093',
  RESEARCH_PIPELINE_URL: 'http://127.0.0.1:8084',
  RESEARCH_PIPELINE_ADMIN_URL: 'http://127.0.0.1:9094',
};

function problemsOf(change: Record<string, string | undefined>): string[] {
  try {
    readConfig({ ...good, ...change });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toContain('hidden');
    expect(error.message).not.toContain(secret);
    return error.problems.map(({ name }) => name.split('.')[0] ?? '');
  }
  return [];
}

describe("the gateway's settings (R24)", () => {
  it('have defaults for all that is no secret and no address', () => {
    expect(readConfig(good)).toMatchObject({
      host: '127.0.0.1',
      replicas: 1,
      trustedHops: 0,
      allowedHosts: null,
      defaultRequestsPerMinute: null,
      corsOrigins: new Set(),
      legacySunset: new Date('2027-12-31T00:00:00Z'),
      limitsFile: expect.stringMatching(/services\/gateway\/limits\.yaml$/),
    });
  });

  it('are refused all at once, by name, without their values', () => {
    const names = problemsOf({
      PORT: 'high',
      DATABASE_URL: undefined,
      CHAT_ROUTER_URL: 'http://a/with/path',
      LEGACY_SUNSET: 'soon',
    });
    expect(names.sort()).toEqual(['CHAT_ROUTER_URL', 'DATABASE_URL', 'LEGACY_SUNSET', 'PORT']);
    expect(problemsOf({ IDENTITY_KEYS: 'chat-router:a:short' })).toEqual(['IDENTITY_KEYS']);
    expect(
      problemsOf({
        IDENTITY_KEYS: `gateway:a:${secret},chat-router:a:${secret}`,
      }),
    ).toEqual(['IDENTITY_KEYS']);
  });

  it('OD-16: allow exact origins, and refuse * as well as what is no origin', () => {
    const origins = readConfig({
      ...good,
      CORS_ORIGINS: 'https://app.example.com, http://127.0.0.1:5173',
    }).corsOrigins;
    expect([...origins]).toEqual(['https://app.example.com', 'http://127.0.0.1:5173']);
    for (const bad of ['*', 'null', 'https://app.example.com/', 'app.example.com', 'https://*.example.com/x'])
      expect(problemsOf({ CORS_ORIGINS: bad })).toEqual(['CORS_ORIGINS']);
  });

  it('name every replica of a service, and nothing that is no address', () => {
    const two = 'http://127.0.0.1:8081, http://127.0.0.1:8082';
    expect(readConfig({ ...good, CHAT_ROUTER_URL: two }).upstreams).toMatchObject({
      'chat-router': ['http://127.0.0.1:8081', 'http://127.0.0.1:8082'],
    });
    for (const bad of ['', ',', 'http://127.0.0.1:8081,chat'])
      expect(problemsOf({ CHAT_ROUTER_URL: bad })).toEqual(['CHAT_ROUTER_URL']);
  });

  it('S25: compare hosts in lower case', () => {
    expect(readConfig({ ...good, ALLOWED_HOSTS: 'API.example.com,internal:8080' }).allowedHosts).toEqual(
      new Set(['api.example.com', 'internal:8080']),
    );
  });
});
