import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Role, rolesToScopes } from '@signalbox/contracts';
import { auditedBy, issuer, signingPair, startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
let key: string;
beforeAll(async () => {
  mesh = await startAccessHarness();
  ({ key } = await mesh.openTenant());
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

const call: AccessHarness['replica']['call'] = (...request) => mesh.replica.call(...request);
const signIn = async (role: string, tenantKey = key) => {
  const person = await mesh.addPerson(tenantKey, role);
  return { ...person, ...(await mesh.login(person)) };
};

describe('people: rights (B-26, S14, S16)', () => {
  const ranks = ['viewer', 'operator', 'admin', 'owner'] as const;

  it.each(ranks)('lets %s add people of their own rank and below, and nobody above', async (rank) => {
    const { access_token: token } = await signIn(rank);
    for (const role of ranks) {
      const body = { email: `${rank}-makes-${role}@example.test`, password: 'battery horse staple', role };
      const { status } = await call('POST', '/api/v1/users', { token, body });
      const may = ['admin', 'owner'].includes(rank) && ranks.indexOf(role) <= ranks.indexOf(rank);
      expect([rank, role, status]).toEqual([rank, role, may ? 201 : 403]);
    }
  });

  it('lets no administrator raise themselves or others above themselves', async () => {
    const admin = await signIn('admin');
    const viewer = await mesh.addPerson(key, 'viewer');
    for (const id of [admin.id, viewer.id]) {
      const answer = await call('PATCH', `/api/v1/users/${id}`, { token: admin.access_token, body: { role: 'owner' } });
      expect(answer.status).toBe(403);
    }
  });

  it.each([{ password: 'another battery horse' }, { role: 'viewer' }, { status: 'disabled' }])(
    'lets no administrator take an owner over or out with %j',
    async (body) => {
      const [admin, owner] = [await signIn('admin'), await mesh.addPerson(key, 'owner')];
      const answer = await call('PATCH', `/api/v1/users/${owner.id}`, { token: admin.access_token, body });
      expect(answer.status).toBe(403);
      expect((await mesh.login(owner)).access_token).toBeDefined();
    },
  );

  it('gives a key of users:write alone nothing to give', async () => {
    const made = await call('POST', '/api/v1/api-keys', { key, body: { name: 'x', scopes: ['users:write'] } });
    const body = { email: 'escalated@example.test', password: 'battery horse staple', role: 'viewer' };
    expect((await call('POST', '/api/v1/users', { key: made.body.key, body })).status).toBe(403);
  });

  it('names every role its scopes, and only the owner everything', () => {
    expect(Object.keys(rolesToScopes).sort()).toEqual([...Role.options].sort());
    const all = Role.options.filter((role) => (rolesToScopes[role] as readonly string[]).includes('*'));
    expect(all).toEqual(['owner']);
  });
});

describe('people: tenants (B-25, S15)', () => {
  it('answers another tenant exactly as if the person were absent', async () => {
    const { key: foreignKey } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    const answer = await call('PATCH', `/api/v1/users/${person.id}`, {
      key: foreignKey,
      body: { status: 'disabled' },
    });
    expect(answer.status).toBe(404);
    expect((await mesh.login(person)).access_token).toBeDefined();
    expect(JSON.stringify((await call('GET', '/api/v1/users', { key: foreignKey })).body)).not.toContain(person.id);
  });

  it('keeps an owner of a tenant out of the tenants', async () => {
    const owner = await signIn('owner');
    expect((await call('GET', '/api/v1/tenants', { token: owner.access_token })).status).toBe(403);
    const body = { name: 'mine' };
    expect((await call('POST', '/api/v1/tenants', { token: owner.access_token, body })).status).toBe(403);
  });
});

describe('access tokens at the door (OD-7, S2)', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const es256 = (input: string, pair = signingPair) =>
    sign('sha256', Buffer.from(input), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  const strangers = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** The parts of a real token, changed and signed anew, as one who holds a key could. */
  function craft(token: string, header: object, claims: object, signer: (input: string) => Buffer = es256): string {
    const [head = '', body = ''] = token.split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
    const input = `${encode({ ...read(head), ...header })}.${encode({ ...read(body), ...claims })}`;
    return `${input}.${signer(input).toString('base64url')}`;
  }
  const publicPem = signingPair.publicKey.export({ type: 'spki', format: 'pem' }).toString();

  it.each<[string, (token: string, refreshToken: string) => string]>([
    ['alg none', (token) => craft(token, { alg: 'none' }, {}, () => Buffer.alloc(0))],
    [
      'HS256 with the public key',
      (token) => craft(token, { alg: 'HS256' }, {}, (input) => createHmac('sha256', publicPem).update(input).digest()),
    ],
    [
      'a stranger’s key, named by jku',
      (token) => craft(token, { jku: 'http://127.0.0.1:1/jwks.json' }, {}, (input) => es256(input, strangers)),
    ],
    [
      'a stranger’s key, enclosed',
      (token) =>
        craft(token, { jwk: strangers.publicKey.export({ format: 'jwk' }) }, {}, (input) => es256(input, strangers)),
    ],
    ['a kid that is a path', (token) => craft(token, { kid: '../../dev/null' }, {})],
    ['another issuer', (token) => craft(token, {}, { iss: `${issuer}/other` })],
    ['another audience', (token) => craft(token, {}, { aud: 'other' })],
    ['no exp', (token) => craft(token, {}, { exp: undefined })],
    ['exp as a string', (token) => craft(token, {}, { exp: '9999999999' })],
    ['an unknown crit', (token) => craft(token, { crit: ['x'], x: 1 }, {})],
    ['typ JWT', (token) => craft(token, { typ: 'JWT' }, {})],
    ['a session that never was', (token) => craft(token, {}, { sid: 'session_00000000000000000000000000' })],
    ['another person’s session', (token) => craft(token, {}, { sub: 'user_00000000000000000000000000' })],
    ['another tenant', (token) => craft(token, {}, { tenant: 'tenant_00000000000000000000000000' })],
    ['an older version of the rights', (token) => craft(token, {}, { tv: 0 })],
    ['an empty signature', (token) => `${token.split('.').slice(0, 2).join('.')}.`],
    [
      'a signature of zeros',
      (token) => `${token.split('.').slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}`,
    ],
    ['a refresh token', (_token, refreshToken) => refreshToken],
    ['10,000 characters', (token) => token + 'a'.repeat(10_000)],
  ])('refuses %s with 401 and invalid_token', async (_case, tamper) => {
    const person = await signIn('viewer');
    const answer = await call('GET', '/api/v1/users/me', {
      token: tamper(person.access_token, person.refresh_token),
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('accepts the same token when nothing was changed', async () => {
    const person = await signIn('viewer');
    const same = craft(person.access_token, {}, {});
    expect((await call('GET', '/api/v1/users/me', { token: same })).status).toBe(200);
  });

  it('takes the rights from the person, not from the token', async () => {
    const person = await signIn('viewer');
    const raised = craft(person.access_token, {}, { role: 'owner' });
    const answer = await call('GET', '/api/v1/users/me', { token: raised });
    expect(answer.body.scopes).toEqual(rolesToScopes.viewer);
  });

  it('does not take an access token as a refresh token', async () => {
    const { access_token } = await signIn('viewer');
    const answer = await call('POST', '/api/v1/auth/refresh', { body: { refresh_token: access_token.slice(0, 512) } });
    expect(answer.status).toBe(401);
  });

  it('keeps passwords and tokens out of logs, metrics and tables (S20)', async () => {
    const person = await signIn('viewer');
    await call('POST', '/api/v1/auth/refresh', { body: { refresh_token: person.refresh_token } });
    await call('POST', '/api/v1/auth/login', { body: { email: person.email, password: 'canary battery horse' } });
    await auditedBy(mesh.replica, key, 'login.failed');
    const { rows } = await mesh.replica.database.pool.query<{ all: string }>(
      `SELECT concat((SELECT json_agg(t) FROM refresh_tokens t), (SELECT json_agg(u) FROM users u),
        (SELECT json_agg(a) FROM audit_events a), (SELECT json_agg(o) FROM outbox o)) AS all`,
    );
    const everything = [rows[0]?.all, ...mesh.logged, await mesh.replica.metrics.text()].join('\n');
    for (const secret of [
      person.password,
      'canary battery horse',
      person.refresh_token.slice(4, 47),
      person.access_token.split('.')[2] ?? '',
    ]) {
      expect(everything).not.toContain(secret);
    }
  });
});
