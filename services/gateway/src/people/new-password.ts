import { AppError } from '@signalbox/errors';

/** What guessers try first among passwords that are long enough to be allowed, without digits and signs at their end. */
const common = new Set([
  'abcdefghijkl',
  'administrator',
  'adminadmin',
  'basketball',
  'changeme',
  'changemenow',
  'correcthorsebatterystaple',
  'football',
  'iloveyou',
  'iloveyousomuch',
  'letmein',
  'letmeinplease',
  'opensesame',
  'p@ssw0rd',
  'passw0rd',
  'password',
  'passwordpassword',
  'qazwsxedcrfv',
  'qwertyqwerty',
  'qwertyuiop',
  'qwertyuiopas',
  'qwertyuiopasdf',
  'signalbox',
  'sunshine',
  'superman',
  'thisismypassword',
  'trustno',
  'welcome',
  'welcomewelcome',
]);

/** Throws `validation_failed` for a password that a guesser would try early: a common one, few characters, the address itself. */
export function assertHardToGuess(password: string, email: string): void {
  const plain = password.normalize('NFKC').toLowerCase();
  const [name = ''] = email.split('@');
  const core = plain.replace(/[^\p{L}]+$/u, '');
  const isBad =
    core === '' ||
    common.has(core) ||
    common.has(plain) ||
    new Set(plain).size < 5 ||
    plain.includes(email) ||
    (name.length > 3 && core === name);
  if (!isBad) return;
  throw new AppError('validation_failed', undefined, {
    fields: [{ path: 'password', message: 'This password is too easy to guess.' }],
  });
}
