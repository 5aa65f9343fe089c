import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { waitFor } from '@signalbox/test-kit';
import { findUser, markLoggedIn } from '../src/people/user-store.ts';
import { openSession } from '../src/tokens/open-session.ts';
import { auditedBy, startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

const call: AccessHarness['replica']['call'] = (...request) => mesh.replica.call(...request);
const login = (email: string, password: string) => call('POST', '/api/v1/auth/login', { body: { email, password } });
const refresh = (refresh_token: string) => call('POST', '/api/v1/auth/refresh', { body: { refresh_token } });
const me = (token: string) => call('GET', '/api/v1/users/me', { token });

describe('signing in: what is refused (LA-25)', () => {
  it('answers a wrong password, an unknown address and a disabled person alike', async () => {
    const { key } = await mesh.openTenant();
    const [person, disabled] = [await mesh.addPerson(key, 'viewer'), await mesh.addPerson(key, 'viewer')];
    await call('PATCH', `/api/v1/users/${disabled.id}`, { key, body: { status: 'disabled' } });
    const answers = [
      await login(person.email, 'wrong horse staple'),
      await login('nobody@example.test', 'wrong horse staple'),
      await login(disabled.email, disabled.password),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect({ ...answer.body, request_id: '' }).toEqual({ ...answers[0]?.body, request_id: '' });
    }
    expect(await auditedBy(mesh.replica, key, 'login.failed')).toMatchObject({ actor: person.id, outcome: 'refused' });
  });

  it('lets an account rest for 15 minutes after five failures, and counts it', async () => {
    const { key } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    for (let attempt = 0; attempt < 5; attempt += 1) await login(person.email, 'wrong horse staple');
    expect((await login(person.email, person.password)).status).toBe(401);
    const seen = await call('GET', '/api/v1/users', { key });
    expect(seen.body.data[0].status).toBe('locked');
    expect(await mesh.replica.metric('signalbox_account_lockouts_total')).toBeGreaterThan(0);
    expect(await auditedBy(mesh.replica, key, 'login.locked')).toMatchObject({ actor: person.id });
    mesh.passSeconds(15 * 60);
    expect((await login(person.email, person.password)).status).toBe(200);
  });

  it('lets no more than five guesses through, however many come at once', async () => {
    const { key } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    const guesses = await Promise.all(
      Array.from({ length: 15 }, (_, index) => login(person.email, `wrong horse ${String(index)}`)),
    );
    expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([401]));
    const { rows } = await mesh.replica.database.pool.query<{ login_attempts: number }>(
      'SELECT login_attempts FROM users WHERE id = $1',
      [person.id],
    );
    expect(rows[0]?.login_attempts).toBe(5);
  });

  it('forgets failures after a success, and after a quarter of an hour', async () => {
    const { key } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    for (let round = 0; round < 3; round += 1) {
      for (let attempt = 0; attempt < 4; attempt += 1) await login(person.email, 'wrong horse staple');
      expect((await login(person.email, person.password)).status).toBe(200);
    }
    for (let round = 0; round < 3; round += 1) {
      for (let attempt = 0; attempt < 4; attempt += 1) await login(person.email, 'wrong horse staple');
      mesh.passSeconds(15 * 60);
    }
    expect((await login(person.email, person.password)).status).toBe(200);
  });

  it('is unlocked by an administrator', async () => {
    const { key } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    for (let attempt = 0; attempt < 5; attempt += 1) await login(person.email, 'wrong horse staple');
    await call('PATCH', `/api/v1/users/${person.id}`, { key, body: { status: 'active' } });
    expect((await login(person.email, person.password)).status).toBe(200);
  });

  it.each([
    ['no password', { email: 'a@example.test' }],
    ['no address', { email: 'a', password: 'x' }],
    ['a field too many', { email: 'a@example.test', password: 'x', tenant_id: 'tenant_1' }],
  ])('refuses %s as invalid input', async (_case, body) => {
    expect((await call('POST', '/api/v1/auth/login', { body })).status).toBe(400);
  });
});

describe('sessions: what is refused (LA-25, S18)', () => {
  it('ends the whole session when a refresh token comes a second time, and writes it down', async () => {
    const { key } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    const stolen = await mesh.login(person);
    const next = (await refresh(stolen.refresh_token)).body;
    expect((await refresh(stolen.refresh_token)).status).toBe(401);
    expect((await refresh(next.refresh_token)).status).toBe(401);
    expect((await me(next.access_token)).status).toBe(401);
    expect(await auditedBy(mesh.replica, key, 'session.reuse_detected')).toMatchObject({ actor: person.id });
  });

  it('lets one of many uses at the same time win, and ends the session', async () => {
    const { key } = await mesh.openTenant();
    for (let round = 0; round < 5; round += 1) {
      const pair = await mesh.login(await mesh.addPerson(key, 'viewer'));
      const answers = await Promise.all(Array.from({ length: 4 }, () => refresh(pair.refresh_token)));
      const won = answers.filter(({ status }) => status === 200);
      expect(won).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(3);
      expect((await refresh(won[0]?.body.refresh_token as string)).status).toBe(401);
      expect((await me(won[0]?.body.access_token as string)).status).toBe(401);
    }
  });

  it('leaves a person’s other sessions alone when one was copied', async () => {
    const { key } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    const [copied, other] = [await mesh.login(person), await mesh.login(person)];
    await refresh(copied.refresh_token);
    await refresh(copied.refresh_token);
    expect((await refresh(other.refresh_token)).status).toBe(200);
  });

  it('refuses a refresh token that waited for more than seven days', async () => {
    const { key } = await mesh.openTenant();
    const pair = await mesh.login(await mesh.addPerson(key, 'viewer'));
    mesh.passSeconds(7 * 86_400);
    expect((await refresh(pair.refresh_token)).status).toBe(401);
  });

  it('ends every session after thirty days, however often it was refreshed', async () => {
    const { key } = await mesh.openTenant();
    let pair = await mesh.login(await mesh.addPerson(key, 'viewer'));
    let lastsFor = 0;
    for (let day = 0; day < 30; day += 5) {
      mesh.passSeconds(5 * 86_400 - 1);
      const answer = await refresh(pair.refresh_token);
      expect(answer.status).toBe(200);
      ({ body: pair } = answer);
      lastsFor = answer.body.refresh_expires_in;
    }
    expect(lastsFor).toBeLessThanOrEqual(6);
    mesh.passSeconds(6);
    expect((await refresh(pair.refresh_token)).status).toBe(401);
    expect((await me(pair.access_token)).status).toBe(401);
  });

  it('refuses an access token from the second it expires', async () => {
    const { key } = await mesh.openTenant();
    const pair = await mesh.login(await mesh.addPerson(key, 'viewer'));
    expect((await me(pair.access_token)).status).toBe(200);
    mesh.passSeconds(900);
    const late = await me(pair.access_token);
    expect(late).toMatchObject({ status: 401, body: { detail: 'The access token has expired.' } });
    expect(late.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it.each(['nonsense', 'sbr_', 'a'.repeat(512)])('refuses %s as a refresh token', async (token) => {
    expect((await refresh(token)).status).toBe(401);
  });

  it('ends nothing, without complaint, for a refresh token of nobody’s making', async () => {
    const answer = await call('POST', '/api/v1/auth/logout', { body: { refresh_token: 'nonsense' } });
    expect(answer.status).toBe(204);
  });
});

describe('people: what is refused', () => {
  it('adds no two people of one address, whatever tenant they are of', async () => {
    const [ours, theirs] = [await mesh.openTenant(), await mesh.openTenant()];
    const { email } = await mesh.addPerson(ours.key, 'viewer');
    const body = { email: email.toUpperCase(), password: 'battery horse staple', role: 'viewer' };
    expect((await call('POST', '/api/v1/users', { key: ours.key, body })).status).toBe(409);
    expect((await call('POST', '/api/v1/users', { key: theirs.key, body })).status).toBe(409);
  });

  it.each([
    ['a short password', { password: 'short' }],
    ['a common password', { password: 'Password1234' }],
    ['an unknown role', { role: 'root' }],
    ['no address', { email: 'nobody' }],
    ['a tenant in the body', { tenant_id: 'tenant_1' }],
    ['a status in the body', { status: 'active' }],
  ])('adds nobody with %s', async (_case, change) => {
    const { key } = await mesh.openTenant();
    const body = { email: 'new@example.test', password: 'battery horse staple', role: 'viewer', ...change };
    const answer = await call('POST', '/api/v1/users', { key, body });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).not.toContain(body.password);
  });

  it('does not know a person who never was', async () => {
    const { key } = await mesh.openTenant();
    const answer = await call('PATCH', `/api/v1/users/${newId('user')}`, { key, body: { role: 'viewer' } });
    expect(answer.status).toBe(404);
  });

  it.each([{ role: 'admin' }, { status: 'disabled' }])('keeps the last owner against %j', async (change) => {
    const { key } = await mesh.openTenant();
    const owners = [await mesh.addPerson(key, 'owner'), await mesh.addPerson(key, 'owner')];
    // Both at once: one has to stay.
    const answers = await Promise.all(
      owners.map(({ id }) => call('PATCH', `/api/v1/users/${id}`, { key, body: change })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const { body } = await call('GET', '/api/v1/users', { key });
    expect(
      body.data.filter((user: { role: string; status: string }) => user.role === 'owner' && user.status === 'active'),
    ).toHaveLength(1);
  });

  it('lets the last owner change their password', async () => {
    const { key } = await mesh.openTenant();
    const owner = await mesh.addPerson(key, 'owner');
    const body = { password: 'another battery horse' };
    expect((await call('PATCH', `/api/v1/users/${owner.id}`, { key, body })).status).toBe(200);
  });

  it('changes a person in the middle of their login without a deadlock', async () => {
    const { key, tenantId } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    const { db, pool } = mesh.replica.database;
    const user = await findUser(db, tenantId, person.id);
    if (user === null) throw new Error('the person is missing');
    const waiting = async () =>
      (await pool.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`))
        .rowCount === 1;
    const { change } = await db.transaction().execute(async (login) => {
      await markLoggedIn(login, user, mesh.now());
      const patched = call('PATCH', `/api/v1/users/${person.id}`, { key, body: { role: 'operator' } });
      await waitFor(waiting, { what: 'the change to wait for the login' });
      await openSession(login, user, mesh.now());
      // In an object: the transaction must not wait for what waits for it.
      return { change: patched };
    });
    expect((await change).status).toBe(200);
  });
});
