import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { writeLimitHeaders } from './limit-headers.ts';

const policy = { windowMs: 60_000, unit: 'requests', violated: false } as const;

describe('the headers of the limits (LA-2)', () => {
  it('tell every policy as structured fields, and the tightest in the older ones, in seconds rounded up', () => {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    writeLimitHeaders(response, {
      allowed: true,
      degraded: false,
      retryAfterMs: 0,
      policies: [
        { ...policy, name: 'chat', limit: 100, remaining: 50, resetMs: 29_001 },
        { ...policy, name: 'tenant-cost', unit: 'cost_units', limit: 200, remaining: 20, resetMs: 1 },
      ],
    });
    expect(response.getHeaders()).toMatchObject({
      'ratelimit-policy': '"chat";q=100;w=60, "tenant-cost";q=200;w=60;qu="cost-units"',
      ratelimit: '"chat";r=50;t=30, "tenant-cost";r=20;t=1',
      'x-ratelimit-limit': 200,
      'x-ratelimit-remaining': 20,
      'x-ratelimit-reset': 1,
    });
  });
});
