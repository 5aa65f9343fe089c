import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { CompactEncrypt } from 'jose';
import { accessTokenLifetimeS, createAccessTokens } from './access-token.ts';
import { createTokenAuthentication } from './access-token-strategy.ts';
import { TokenKeys } from './token-keys.ts';

const issuer = 'https://gateway.example';
const start = new Date('2026-01-01T00:00:00Z');
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const oldPair = generateKeyPairSync('ed25519');
const strangers = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keys = TokenKeys.parse(
  JSON.stringify({
    keys: [
      { ...pair.privateKey.export({ format: 'jwk' }), kid: 'k2' },
      { ...oldPair.privateKey.export({ format: 'jwk' }), kid: 'k1' },
    ],
  }),
);

const grant = {
  userId: newId('user'),
  tenantId: newId('tenant'),
  sessionId: newId('session'),
  role: 'admin',
  tokenVersion: 3,
} as const;

function open() {
  let time = start;
  const tokens = createAccessTokens({ keys, issuer, now: () => time });
  return {
    ...tokens,
    authenticate: createTokenAuthentication((token) => tokens.verify(token)),
    passSeconds: (seconds: number) => {
      time = new Date(time.getTime() + seconds * 1_000);
    },
  };
}

const issuedAt = start.getTime() / 1_000;
const goodHeader = { alg: 'ES256', kid: 'k2', typ: 'at+jwt' };
const goodClaims = {
  iss: issuer,
  aud: 'signalbox',
  sub: grant.userId,
  jti: 'a4f0c1de',
  iat: issuedAt,
  exp: issuedAt + 900,
  tenant: grant.tenantId,
  role: 'admin',
  sid: grant.sessionId,
  tv: 3,
};

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const es256 =
  (key: KeyObject = pair.privateKey) =>
  (input: string) =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
const eddsa = (input: string) => sign(null, Buffer.from(input), oldPair.privateKey);
const hmac = (secret: string | Buffer) => (input: string) => createHmac('sha256', secret).update(input).digest();

function craft(header: unknown, claims: unknown, signer: (input: string) => Buffer = es256()): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}
const withHeader = (changes: object, signer?: (input: string) => Buffer) =>
  craft({ ...goodHeader, ...changes }, goodClaims, signer);
const withClaims = (changes: object) => craft(goodHeader, { ...goodClaims, ...changes });
const without = (claim: keyof typeof goodClaims) => withClaims({ [claim]: undefined });
const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const strangerJwk = strangers.publicKey.export({ format: 'jwk' });

describe('access tokens (OD-7, LA-24)', () => {
  it('say who was meant, until 15 minutes are over', async () => {
    const { issue, verify, passSeconds } = open();
    const token = await issue(grant);
    expect(await verify(token)).toMatchObject({ ...grant, expiresAt: new Date('2026-01-01T00:15:00Z') });
    passSeconds(accessTokenLifetimeS - 1);
    expect(await verify(token)).toMatchObject(grant);
    passSeconds(1);
    await expect(verify(token)).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'The access token has expired.',
    });
  });

  it('stay good when a new key signs, as long as the old one is in the set', async () => {
    const { verify } = open();
    expect(await verify(craft({ ...goodHeader, alg: 'EdDSA', kid: 'k1' }, goodClaims, eddsa))).toMatchObject(grant);
  });

  it('are accepted by the test’s own hand-made form, so that each refusal below has one reason', async () => {
    expect(await open().verify(craft(goodHeader, goodClaims))).toMatchObject(grant);
  });

  it('have each an id of their own', async () => {
    const { issue, verify } = open();
    const [first, second] = [await verify(await issue(grant)), await verify(await issue(grant))];
    expect(first.tokenId).not.toBe(second.tokenId);
  });
});

/** 64 bytes leave four bits of the last character without a meaning. */
function spelledOtherwise(last: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(last) + 1] ?? '';
}

describe('hostile tokens (S2)', () => {
  const signed = craft(goodHeader, goodClaims);
  const [header = '', claims = '', signature = ''] = signed.split('.');
  const forged = encode({ ...goodClaims, role: 'owner' });

  it.each([
    ['alg none', craft({ ...goodHeader, alg: 'none' }, goodClaims, () => Buffer.alloc(0))],
    ['alg None', craft({ ...goodHeader, alg: 'None' }, goodClaims, () => Buffer.alloc(0))],
    ['alg nOnE with a signature', withHeader({ alg: 'nOnE' })],
    ['no alg', withHeader({ alg: undefined })],
    ['alg as a list', withHeader({ alg: ['ES256'] })],
    ['HS256 with the public key as the secret', withHeader({ alg: 'HS256' }, hmac(publicPem))],
    [
      'HS256 with the public key in DER',
      withHeader({ alg: 'HS256' }, hmac(pair.publicKey.export({ type: 'spki', format: 'der' }))),
    ],
    ['HS256 with an empty secret', withHeader({ alg: 'HS256' }, hmac(''))],
    ['the algorithm of another key of ours', withHeader({ alg: 'EdDSA' })],
    ['the kid of another key of ours', withHeader({ kid: 'k1' })],
    ['an unknown kid', withHeader({ kid: 'k3' })],
    ['no kid', withHeader({ kid: undefined })],
    ['a kid that is a path', withHeader({ kid: '../../dev/null' }, hmac(''))],
    ['a kid that is SQL', withHeader({ kid: "x' UNION SELECT 'secret" })],
    ['a kid that is a URL', withHeader({ kid: 'https://attacker.example/key' })],
    ['a kid that is a property of every object', withHeader({ kid: 'constructor' })],
    ['a stranger’s signature', withHeader({}, es256(strangers.privateKey))],
    ['an embedded jwk', withHeader({ jwk: strangerJwk }, es256(strangers.privateKey))],
    ['an embedded jwk beside a good signature', withHeader({ jwk: strangerJwk })],
    ['jku', withHeader({ jku: 'https://attacker.example/jwks.json' }, es256(strangers.privateKey))],
    ['jku beside a good signature', withHeader({ jku: 'https://attacker.example/jwks.json' })],
    ['x5u', withHeader({ x5u: 'https://attacker.example/chain.pem' })],
    ['x5c', withHeader({ x5c: ['MIIB'] })],
    ['an unknown critical extension', withHeader({ crit: ['exp-twice'], 'exp-twice': true })],
    ['b64 false', withHeader({ crit: ['b64'], b64: false })],
    ['compressed content', withHeader({ zip: 'DEF' })],
    ['no typ', withHeader({ typ: undefined })],
    ['typ JWT, as of another kind of token', withHeader({ typ: 'JWT' })],
    ['typ of a refresh token', withHeader({ typ: 'rt+jwt' })],
    ['no exp', without('exp')],
    ['no iat', without('iat')],
    ['no aud', without('aud')],
    ['no iss', without('iss')],
    ['no sub', without('sub')],
    ['no jti', without('jti')],
    ['no tenant', without('tenant')],
    ['no role', without('role')],
    ['no session', without('sid')],
    ['no version', without('tv')],
    ['exp as a string', withClaims({ exp: String(issuedAt + 900) })],
    ['exp as null', withClaims({ exp: null })],
    ['exp far away', withClaims({ exp: issuedAt + 86_400 })],
    ['exp beyond every number', craft(goodHeader, JSON.stringify(goodClaims).replace(/"exp":\d+/, '"exp":1e999'))],
    ['exp now', withClaims({ iat: issuedAt - 900, exp: issuedAt })],
    ['exp a second ago, within anybody’s skew', withClaims({ iat: issuedAt - 901, exp: issuedAt - 1 })],
    ['nbf in the future', withClaims({ nbf: issuedAt + 1 })],
    ['nbf as a string', withClaims({ nbf: 'now' })],
    ['another audience', withClaims({ aud: 'chat-router' })],
    ['another issuer', withClaims({ iss: 'https://attacker.example' })],
    ['an issuer that only begins like ours', withClaims({ iss: `${issuer}.attacker.example` })],
    ['a role that is none', withClaims({ role: 'root' })],
    ['a subject that is a key', withClaims({ sub: newId('key') })],
    ['a tenant that is a list', withClaims({ tenant: [grant.tenantId] })],
    ['a version as a string', withClaims({ tv: '3' })],
    ['another spelling of the signature', signed.slice(0, -1) + spelledOtherwise(signed.slice(-1))],
    ['an empty signature', `${header}.${claims}.`],
    ['no signature', `${header}.${claims}`],
    ['(r, s) = (0, 0)', `${header}.${claims}.${Buffer.alloc(64).toString('base64url')}`],
    ['a signature in DER', withHeader({}, (input) => sign('sha256', Buffer.from(input), pair.privateKey))],
    [
      'a signature one byte too long',
      `${header}.${claims}.${Buffer.concat([Buffer.from(signature, 'base64url'), Buffer.alloc(1)]).toString('base64url')}`,
    ],
    ['claims that were changed', `${header}.${forged}.${signature}`],
    ['claims that are a list', craft(goodHeader, [goodClaims])],
    ['claims that are no JSON', craft(goodHeader, 'signalbox')],
    ['claims in a second part', `${header}.${claims}.${forged}.${signature}`],
    ['characters outside base64url', `${header}.${claims}.${signature.slice(0, -1)}!`],
    ['a header that is no JSON', craft('{', goodClaims)],
    ['a header with alg twice', craft('{"alg":"ES256","alg":"none","kid":"k2","typ":"at+jwt"}', goodClaims)],
    ['nothing but dots', '..'],
    ['nothing', ''],
  ])('refuses %s', async (_case, token) => {
    await expect(open().verify(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('refuses an encrypted token', async () => {
    const token = await new CompactEncrypt(Buffer.from(JSON.stringify(goodClaims)))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A128GCM', kid: 'k2', typ: 'at+jwt' })
      .encrypt(pair.publicKey);
    await expect(open().verify(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('refuses a megabyte without parsing it', async () => {
    const started = performance.now();
    await expect(open().verify(`${header}.${'A'.repeat(1_000_000)}.${signature}`)).rejects.toMatchObject({
      message: 'The access token is too long.',
    });
    expect(performance.now() - started).toBeLessThan(50);
  });

  it('refuses every token of which one character was changed', async () => {
    const { verify } = open();
    for (let at = 0; at < signed.length - 1; at += 7) {
      const changed = signed.slice(0, at) + (signed[at] === 'A' ? 'B' : 'A') + signed.slice(at + 1);
      await expect(verify(changed)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
  });
});

describe('passport with the access token strategy (OD-7)', () => {
  it('verifies the bearer token of a request', async () => {
    const { authenticate, issue } = open();
    expect(await authenticate({ authorization: `Bearer ${await issue(grant)}` })).toMatchObject(grant);
  });

  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic dTpw' }],
    ['two tokens', { authorization: `Bearer ${craft(goodHeader, goodClaims)} ${craft(goodHeader, goodClaims)}` }],
    [
      'a token that passport-jwt itself would take',
      { authorization: `Bearer ${craft({ alg: 'HS256' }, {}, hmac('key'))}` },
    ],
  ])('refuses %s', async (_case, headers) => {
    await expect(open().authenticate(headers)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('passes on what went wrong on our side as what it is', async () => {
    const broken = createTokenAuthentication(() => Promise.reject(new Error('disk')));
    await expect(broken({ authorization: 'Bearer a.b.c' })).rejects.toThrow('disk');
  });
});
