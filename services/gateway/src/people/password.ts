import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { AppError } from '@signalbox/errors';

/** OWASP's first choice for scrypt: 2^17 rounds, 128 MiB, about a third of a second. */
const owaspCost = { log2N: 17, r: 8, p: 1 };
const hashLength = 32;
const shape = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]{22})\$([\w+/]{43})$/;

interface Cost {
  log2N: number;
  r: number;
  p: number;
}

/** Hashes and checks passwords, a few at a time: each takes 128 MiB, and a flood of logins must not take the machine. */
export interface Passwords {
  /** `$scrypt$ln=17,r=8,p=1$<salt>$<hash>`: what was used to make it stands in it. */
  hash(password: string): Promise<string>;
  verify(password: string, stored: string): Promise<boolean>;
  /** Takes as long as `verify` and is false: for accounts that are not there. */
  verifyNothing(password: string): Promise<false>;
}

/** `waitingMax`: how many may wait for their turn; further ones get `unavailable`. */
export function createPasswords({
  cost = owaspCost,
  concurrency = 2,
  waitingMax = 20,
}: { cost?: Cost; concurrency?: number; waitingMax?: number } = {}): Passwords {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function derive(password: string, salt: Buffer, { log2N, r, p }: Cost): Promise<Buffer> {
    if (running >= concurrency) {
      if (waiting.length >= waitingMax) {
        throw new AppError('unavailable', 'Too many people are signing in at the moment.', { retryAfterMs: 2_000 });
      }
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    } else {
      running += 1;
    }
    try {
      return await scryptOnce(password, salt, { log2N, r, p });
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  return {
    async hash(password) {
      const salt = randomBytes(16);
      const hash = await derive(password, salt, cost);
      return `$scrypt$ln=${cost.log2N},r=${cost.r},p=${cost.p}$${unpadded(salt)}$${unpadded(hash)}`;
    },
    async verify(password, stored) {
      const [, log2N, r, p, salt, hash] = shape.exec(stored) ?? [];
      if (salt === undefined || hash === undefined) {
        throw new AppError('internal', undefined, { cause: new Error('a stored password hash is not readable') });
      }
      const derived = await derive(password, Buffer.from(salt, 'base64'), {
        log2N: Number(log2N),
        r: Number(r),
        p: Number(p),
      });
      return timingSafeEqual(derived, Buffer.from(hash, 'base64'));
    },
    async verifyNothing(password) {
      await derive(password, randomBytes(16), cost);
      return false;
    },
  };
}

function scryptOnce(password: string, salt: Buffer, { log2N, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** log2N;
  return new Promise((resolve, reject) => {
    // One password typed on two keyboards may be two sequences of code points (RFC 8265).
    scrypt(password.normalize('NFC'), salt, hashLength, { N, r, p, maxmem: 256 * N * r }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
