import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { IdentityKeys } from './identity-keys.ts';
import { mayUse, type CallerIdentity } from './principal.ts';
import { identityMaxAgeMs, signIdentity, verifyIdentity, type IdentityBinding } from './signed-identity.ts';

const secret = () => randomBytes(32).toString('base64url');
const [ours, theirs, next] = [secret(), secret(), secret()];
const keys = IdentityKeys.parse(`chat-router:a:${ours},alerting:a:${theirs}`);
const binding: IdentityBinding = { audience: 'chat-router', method: 'POST', path: '/v1/chat/completions?a=b' };
const caller: CallerIdentity = {
  principal: { kind: 'user', principalId: 'user_1', tenantId: 'tenant_ü', scopes: ['chat:write', 'chat:read'] },
  requestId: 'req_1',
};
const now = Date.parse('2026-01-01T00:00:00Z');
const signed = signIdentity(keys, binding, caller, now);

describe('the signed identity (law 1, S4)', () => {
  it('tells the receiver who signed it', () => {
    expect(verifyIdentity(keys, binding, signed, { now })).toEqual(caller);
  });

  it.each([
    ['another service', { audience: 'alerting' }],
    ['another method', { method: 'DELETE' }],
    ['another path', { path: '/v1/models' }],
    ['another query', { path: '/v1/chat/completions?a=c' }],
  ])('is worth nothing for %s', (_case, change) => {
    expect(() => verifyIdentity(keys, { ...binding, ...change }, signed, { now })).toThrow(
      expect.objectContaining({ code: 'unauthenticated' }),
    );
  });

  it('is worth nothing when it is old, or from a clock far ahead', () => {
    const at = (ms: number) => () => verifyIdentity(keys, binding, signed, { now: now + ms });
    expect(at(identityMaxAgeMs)()).toEqual(caller);
    expect(at(-identityMaxAgeMs)()).toEqual(caller);
    expect(at(identityMaxAgeMs + 1)).toThrow();
    expect(at(-identityMaxAgeMs - 1)).toThrow();
  });

  it('lasts as long as a job may lie in a queue', () => {
    const job = { audience: 'chat-router', method: 'JOB', path: 'usage.recorded' };
    const signature = signIdentity(keys, job, caller, now);
    expect(verifyIdentity(keys, job, signature, { now: now + 30 * 86_400_000, maxAgeMs: null })).toEqual(caller);
  });

  it('is lost by changing any one character', () => {
    for (let at = 0; at < signed.length; at += 1) {
      // The next letter differs in the lowest bit, which decoding drops from the last one.
      const next = String.fromCharCode((signed.codePointAt(at) ?? 0) + 1);
      const changed = signed.slice(0, at) + next + signed.slice(at + 1);
      expect(() => verifyIdentity(keys, binding, changed, { now })).toThrow();
    }
  });

  it.each([
    undefined,
    '',
    'admin',
    'v1...',
    'v1.a.e30.',
    `${signed}.x`,
    'v1.__proto__.e30.AAAA',
    signed.replace('v1', 'v2'),
  ])('refuses %j', (header) => {
    expect(() => verifyIdentity(keys, binding, header, { now })).toThrow(
      expect.objectContaining({ code: 'unauthenticated' }),
    );
  });

  it('cannot be made by whoever holds only another service’s key', () => {
    const attacker = IdentityKeys.parse(`chat-router:a:${theirs}`);
    expect(() => verifyIdentity(keys, binding, signIdentity(attacker, binding, caller, now), { now })).toThrow();
  });

  it('survives the rotation of its key: the first signs, all verify', () => {
    const rotated = IdentityKeys.parse(`chat-router:b:${next},chat-router:a:${ours}`);
    expect(verifyIdentity(rotated, binding, signed, { now })).toEqual(caller);
    const newer = signIdentity(rotated, binding, caller, now);
    expect(newer).toMatch(/^v1\.b\./);
    expect(() => verifyIdentity(keys, binding, newer, { now })).toThrow();
  });
});

describe('identity keys', () => {
  it.each([
    ['', 'entry 1 must read'],
    ['chat-router', 'entry 1 must read'],
    [`chat-router:a:${ours},x`, 'entry 2 must read'],
    [`chat-router:a b:${ours}`, 'entry 1 must read'],
    [`chat-router:a:${ours}:x`, 'entry 1 must read'],
    ['chat-router:a:c2hvcnQ', 'must be 32 bytes or more'],
  ])('refuses %j without showing a secret', (text, sentence) => {
    let message = '';
    try {
      IdentityKeys.parse(text);
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain(sentence);
    expect(message).not.toContain(ours);
    expect(message).not.toContain('c2hvcnQ');
  });

  it('say that a key is missing when there is none to sign with', () => {
    expect(() => signIdentity(keys, { ...binding, audience: 'nobody' }, caller)).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });
});

describe('what a principal may do (MX-16)', () => {
  it.each([
    [['*'], 'tenants', true],
    [['chat:write'], 'chat:read', true],
    [['chat:read'], 'chat:write', false],
    [['admin'], 'keys:write', false],
    [[], 'chat:read', false],
  ])('%j: %s is %s', (scopes, needed, expected) => {
    const principal = { ...caller.principal, scopes };
    expect(mayUse(principal, needed === 'tenants' ? '*' : (needed as 'chat:read'))).toBe(expected);
  });
});
