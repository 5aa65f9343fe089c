import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineEvent, defineJob, eventJob } from './define-job.ts';
import { defineRoute } from './define-route.ts';

describe('defineJob and defineEvent (CD-2)', () => {
  it('gives every subscriber of an event a job of its own, worked off by that subscriber', () => {
    const event = defineEvent({
      name: 'thing.made',
      version: 3,
      emitter: 'chat-router',
      subscribers: ['gateway', 'alerting'],
      payload: z.object({ id: z.string() }),
    });
    const jobs = event.subscribers.map((subscriber) => eventJob(event, subscriber));
    expect(jobs.map(({ name, worker, version }) => ({ name, worker, version }))).toEqual([
      { name: 'thing.made.gateway', worker: 'gateway', version: 3 },
      { name: 'thing.made.alerting', worker: 'alerting', version: 3 },
    ]);
  });

  it('tries a job five times unless it says otherwise', () => {
    const job = { name: 'things.count', version: 1, worker: 'gateway', payload: z.object({}) } as const;
    expect(defineJob(job)).toMatchObject({ attempts: 5, backoffMs: 1_000 });
    expect(defineJob({ ...job, attempts: 2 })).toMatchObject({ attempts: 2, backoffMs: 1_000 });
  });
});

describe('defineRoute (OD-9)', () => {
  const route = {
    operationId: 'getThing',
    service: 'gateway',
    method: 'get',
    path: '/api/v1/things',
    tag: 'Things',
    summary: 'Get a thing',
    scope: 'public',
    response: { status: 200, description: 'The thing', schema: z.object({}) },
  } as const;

  it('accepts nothing in the parts that it leaves out', () => {
    const { params, query, body, bodyBytesMax } = defineRoute(route);
    expect(params.safeParse({ id: 'x' }).success).toBe(false);
    expect(query.safeParse({ debug: '1' }).success).toBe(false);
    expect(body.safeParse({}).success).toBe(false);
    expect(bodyBytesMax).toBe(0);
  });

  it('bounds the body of a route that takes one', () => {
    expect(defineRoute({ ...route, method: 'post', body: z.object({}) }).bodyBytesMax).toBe(262_144);
  });
});
