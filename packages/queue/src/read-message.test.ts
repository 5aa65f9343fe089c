import { describe, expect, it } from '@jest/globals';
import { defineEvent, defineJob, JobMessage } from '@signalbox/contracts';
import { IdentityKeys, type CallerIdentity } from '@signalbox/identity';
import { z } from 'zod';
import { createEmitter } from './emitter.ts';
import { readMessage } from './read-message.ts';

const secret = Buffer.alloc(32, 1).toString('base64url');
const identityKeys = IdentityKeys.parse(`gateway:k1:${secret},alerting:k1:${secret}`);
const strangers = IdentityKeys.parse(`gateway:k1:${Buffer.alloc(32, 2).toString('base64url')}`);
const caller: CallerIdentity = {
  principal: { kind: 'user', principalId: 'user_1', tenantId: 'tenant_1', scopes: ['chat:write'] },
  requestId: 'req_1',
};
const job = defineJob({ name: 'test.read', version: 2, worker: 'gateway', payload: z.object({ n: z.int() }) });
const emitter = createEmitter({ service: 'gateway', identityKeys });

function messageOf(contract = job, keys = emitter): JobMessage {
  const [row] = keys.outboxRows(contract, { n: 1 }, caller);
  return JobMessage.parse(JSON.parse(row?.message ?? ''));
}

describe('a message (CD-2)', () => {
  it('comes out as it went in, with its caller', () => {
    const read = readMessage(job, identityKeys, messageOf());
    expect(read).toMatchObject({ kind: 'message', payload: { n: 1 }, caller });
  });

  it('is read in an older version that still parses, and never in a newer one (R23)', () => {
    const older = messageOf({ ...job, version: 1 });
    expect(readMessage(job, identityKeys, older).kind).toBe('message');
    const newer = messageOf({ ...job, version: 3 });
    expect(readMessage(job, identityKeys, newer)).toEqual({
      kind: 'poison',
      reason: 'version 3 is unknown; this worker knows 2',
    });
  });

  it.each([
    ['nothing', null],
    ['text', 'hello'],
    ['a message without its identity', { ...messageOf(), identity: undefined }],
    ['a message for another job', { ...messageOf(), name: 'test.other' }],
    ['an identity that is no identity', { ...messageOf(), identity: 'v1.k1.e30.AAAA' }],
    ["another message's identity", { ...messageOf(), identity: messageOf().identity }],
    ["a stranger's identity", messageOf(job, createEmitter({ service: 'gateway', identityKeys: strangers }))],
    ['a payload that does not parse', { ...messageOf(), payload: { n: 'secret' } }],
  ])('is poison when it is %s, and the reason shows no value', (_, data) => {
    const read = readMessage(job, identityKeys, data);
    expect(read).toMatchObject({ kind: 'poison' });
    expect(JSON.stringify(read)).not.toContain('secret');
  });
});

describe('an emitter', () => {
  const event = defineEvent({
    name: 'test.happened',
    version: 1,
    emitter: 'gateway',
    subscribers: ['gateway', 'alerting'],
    payload: z.object({ n: z.int() }),
  });

  it('makes one row for each subscriber of an event, each signed for its own receiver', () => {
    const rows = emitter.outboxRows(event, { n: 1 }, caller, { id: 'evt_1' });
    expect(rows.map(({ id, name }) => [id, name])).toEqual([
      ['evt_1.gateway', 'test.happened.gateway'],
      ['evt_1.alerting', 'test.happened.alerting'],
    ]);
  });

  it('parses what it sends, and refuses what is too large or not its own to tell', () => {
    expect(() => emitter.outboxRows(job, { n: 0.5 }, caller)).toThrow(z.ZodError);
    const blob = defineJob({ ...job, payload: z.object({ text: z.string() }) });
    expect(() => emitter.outboxRows(blob, { text: 'x'.repeat(300_000) }, caller)).toThrow('too large');
    const other = createEmitter({ service: 'alerting', identityKeys });
    expect(() => other.outboxRows(event, { n: 1 }, caller)).toThrow('told by gateway');
  });
});
