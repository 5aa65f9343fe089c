import { describe, expect, it } from '@jest/globals';
import { assertHardToGuess } from './new-password.ts';
import { createPasswords } from './password.ts';

const cheap = { log2N: 10, r: 8, p: 1 };

describe('stored passwords (LA-25)', () => {
  it('are hashed with OWASP’s cost unless a test says otherwise', async () => {
    const passwords = createPasswords();
    const stored = await passwords.hash('correct horse');
    expect(stored).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$/);
    expect(await passwords.verify('correct horse', stored)).toBe(true);
  });

  it('are told apart from every other', async () => {
    const passwords = createPasswords({ cost: cheap });
    const stored = await passwords.hash('correct horse');
    expect(await passwords.hash('correct horse')).not.toBe(stored);
    for (const wrong of ['', 'Correct horse', 'correct horse ', 'correct hors']) {
      expect(await passwords.verify(wrong, stored)).toBe(false);
    }
    expect(await passwords.verifyNothing('correct horse')).toBe(false);
  });

  it('are the same however their accents were typed', async () => {
    const passwords = createPasswords({ cost: cheap });
    expect(await passwords.verify('re\u0301sume\u0301', await passwords.hash('r\u00e9sum\u00e9'))).toBe(true);
  });

  it('are still readable when the cost of new ones has changed', async () => {
    const stored = await createPasswords({ cost: cheap }).hash('correct horse');
    expect(await createPasswords({ cost: { log2N: 11, r: 8, p: 1 } }).verify('correct horse', stored)).toBe(true);
  });

  it('are checked a few at a time, a few more wait, and the rest is told to come back', async () => {
    const passwords = createPasswords({ cost: { log2N: 14, r: 8, p: 1 }, concurrency: 2, waitingMax: 3 });
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => passwords.verifyNothing('x')));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(5);
    expect(refused[0]?.reason).toMatchObject({ code: 'unavailable', retryAfterMs: 2_000 });
    // And afterwards there is room again.
    expect(await passwords.verifyNothing('x')).toBe(false);
  });
});

describe('new passwords', () => {
  const email = 'ada.lovelace@example.test';
  it.each([
    'password1234',
    'Password1234!',
    'PASSWORDPASSWORD',
    '123456789012',
    'qwertyuiop12',
    'aaaaaaaaaaaa',
    'abababababab',
    'administrator1',
    'ada.lovelace@example.test',
    'ada.lovelace2026',
    'ｐａｓｓｗｏｒｄ1234',
  ])('refuses %s', (password) => {
    expect(() => {
      assertHardToGuess(password, email);
    }).toThrow(expect.objectContaining({ code: 'validation_failed' }));
  });

  it.each(['correct battery staple', 'tr0ub4dor&3xyz', 'mein neues fahrrad', '密码很长但是没关系的啊哈哈哈'])(
    'takes %s',
    (password) => {
      expect(() => {
        assertHardToGuess(password, email);
      }).not.toThrow();
    },
  );
});
