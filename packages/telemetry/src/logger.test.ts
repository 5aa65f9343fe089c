import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLogger, type LogLevel } from './logger.ts';
import { runInRequest } from './request-context.ts';
import { newTraceparent } from './traceparent.ts';

function capture({ level = 'debug' }: { level?: LogLevel } = {}) {
  const lines: string[] = [];
  const logger = createLogger({ service: 'gateway', level, write: (line) => lines.push(line) });
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
  return { logger, lines, last };
}

describe('OD-10, LA-9: structured logs', () => {
  it('writes one JSON line per event, with time, level, service and event', () => {
    const { logger, lines, last } = capture();
    logger.info('chat.routed', { provider: 'openai', attempts: 2, text: 'two\nlines' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('\n');
    expect(last()).toEqual({
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'info',
      service: 'gateway',
      event: 'chat.routed',
      provider: 'openai',
      attempts: 2,
      text: 'two\nlines',
    });
  });

  it('carries the ids of the request in every line written within it, also after waiting', async () => {
    const { logger, last } = capture();
    const trace = newTraceparent();
    await runInRequest({ requestId: 'req_1', ...trace }, async () => {
      await Promise.resolve();
      logger.info('late');
      expect(last()).toMatchObject({ request_id: 'req_1', trace_id: trace.traceId, span_id: trace.spanId });
    });
    logger.info('outside');
    expect(last()).not.toHaveProperty('request_id');
  });

  it('keeps two requests apart that run at the same time', async () => {
    const { logger, lines } = capture();
    await Promise.all(
      ['req_a', 'req_b'].map((requestId) =>
        runInRequest({ requestId }, async () => {
          for (let step = 0; step < 5; step += 1) {
            await new Promise(setImmediate);
            logger.info('step', { mine: requestId });
          }
        }),
      ),
    );
    for (const line of lines) {
      const { request_id, mine } = JSON.parse(line) as Record<string, unknown>;
      expect(request_id).toBe(mine);
    }
  });

  it('writes nothing below its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.debug('no');
    logger.info('no');
    logger.warn('yes');
    logger.error('yes');
    expect(lines).toHaveLength(2);
  });

  it('lets no field pass for the level, the service or the event of its line', () => {
    const { logger, last } = capture();
    logger.info('real', { event: 'forged', level: 'error', service: 'other', ts: 0 });
    expect(last()).toMatchObject({ event: 'real', level: 'info', service: 'gateway', _event: 'forged', _ts: 0 });
  });

  it('writes an error with its causes and stacks', () => {
    const { logger, last } = capture();
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    logger.error('failed', { error: new TypeError('no answer', { cause }) });
    expect(last()).toMatchObject({
      error: {
        type: 'TypeError',
        message: 'no answer',
        stack: expect.stringContaining('logger.test.ts'),
        cause: { type: 'Error', code: 'ECONNREFUSED', stack: expect.stringContaining('logger.test.ts') },
      },
    });
  });
});

describe('S20: no credential reaches the log', () => {
  const canary = 'Canary0123456789';

  it.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'x-api-key',
    'apiKey',
    'api_key',
    'password',
    'new_password',
    'secret',
    'clientSecret',
    'token',
    'refresh_token',
    'accessToken',
    'key',
    'x-signalbox-identity',
    'privateKey',
    'provider_api_key',
    'passphrase',
  ])('hides the value of %s, however deep', (name) => {
    const { logger, lines } = capture();
    logger.info('x', { [name]: canary });
    logger.info('x', { a: [{ b: { [name]: { nested: canary } } }] });
    logger.info('x', { headers: new Map([[name, [canary]]]) });
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain(canary);
    expect(lines.every((line) => line.includes('[redacted]'))).toBe(true);
  });

  it.each(['key_id', 'total_tokens', 'max_tokens', 'cache_key', 'token_count', 'keys'])('shows %s', (name) => {
    const { logger, last } = capture();
    logger.info('x', { [name]: 'shown' });
    expect(last()).toMatchObject({ [name]: 'shown' });
  });

  it('hides what has the shape of a credential in any text: field, name, event, request id, message, stack, cause', () => {
    const { logger, lines } = capture();
    const text = `Bearer ${canary} sk-${canary} sbx_live_id_${canary} redis://:${canary}@host`;
    const error = new Error(text, { cause: new AggregateError([new Error(text)], text) });
    runInRequest({ requestId: text }, () => {
      logger.error(text, { [text]: 1, text, error, list: [text], details: { error } });
      logger.error('thrown', error);
    });
    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toContain(canary);
  });

  it('sees a credential whole that the bound on long texts would cut', () => {
    const { logger, lines } = capture();
    for (let at = 8_100; at < 8_200; at += 7)
      logger.info('x', { text: `${'x'.repeat(at)} postgres://user:${canary}@db/x` });
    expect(lines.join()).not.toContain('Canary');
  });
});

describe('telling never fails', () => {
  it('writes valid JSON for anything', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
        (value) => {
          const { logger, lines, last } = capture();
          logger.info('x', { value });
          expect(lines).toHaveLength(1);
          last();
        },
      ),
    );
  });

  it('survives cycles, throwing getters, hostile proxies, throwing toJSON, null prototypes and invalid dates', () => {
    const { logger, last } = capture();
    const cyclic: Record<string, unknown> = { a: 1 };
    cyclic['self'] = cyclic;
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
        get: () => {
          throw new Error('no');
        },
      },
    );
    logger.info('x', {
      cyclic,
      hostile,
      getter: {
        get boom(): never {
          throw new Error('no');
        },
        fine: 1,
      },
      json: {
        toJSON: () => {
          throw new Error('no');
        },
      },
      bare: Object.assign(Object.create(null) as object, { fine: 1 }),
      date: new Date(NaN),
      bytes: Buffer.from('secret bytes'),
      big: 1n,
    });
    expect(last()).toMatchObject({
      cyclic: { a: 1, self: '[circular]' },
      hostile: '[unreadable]',
      getter: { boom: '[unreadable]', fine: 1 },
      json: '[unreadable]',
      bare: { fine: 1 },
      bytes: '[12 bytes]',
      big: '1',
    });
    expect(() => logger.info('x', hostile)).not.toThrow();
    expect(inspect(last())).toContain('unreadable');
  });

  it('bounds depth, breadth and the length of a line', () => {
    const { logger, lines, last } = capture();
    let deep: unknown = 'bottom';
    for (let level = 0; level < 10_000; level += 1) deep = { deep };
    logger.info('x', { deep, wide: Array.from({ length: 10_000 }, (_, index) => index) });
    expect(last()).toMatchObject({ wide: expect.arrayContaining(['[9900 more]']) });
    const long = 'long '.repeat(100_000);
    logger.info('x', { many: Array.from({ length: 100 }, () => ({ long, also: { long } })) });
    expect((lines.at(-1) ?? '').length).toBeLessThan(100_000);
  });

  it('goes on when the place it writes to fails', () => {
    let failures = 0;
    const logger = createLogger({
      service: 'x',
      write: () => {
        failures += 1;
        throw new Error('disk full');
      },
    });
    for (let count = 0; count < 100; count += 1) logger.error('x');
    expect(failures).toBe(100);
  });

  it('costs few microseconds a line', () => {
    const { logger, lines } = capture();
    const fields = {
      method: 'POST',
      route: '/v1/chat/completions',
      status: 200,
      duration_ms: 12.3,
      tenant_id: 'tenant_1',
    };
    const best = Math.min(
      ...Array.from({ length: 10 }, () => {
        const startedAt = performance.now();
        for (let count = 0; count < 2_000; count += 1) logger.info('http.request', fields);
        lines.length = 0;
        return (performance.now() - startedAt) / 2;
      }),
    );
    // About 4 µs when alone; the bound leaves room for a busy machine.
    expect(best).toBeLessThan(25);
  });
});
