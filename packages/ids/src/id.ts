import { randomFillSync } from 'node:crypto';

/** Every kind of thing that has an id. The id of a key is `key_…`, of a tenant `tenant_…`. */
export type IdKind =
  | 'alert'
  | 'audit'
  | 'budget'
  | 'channel'
  | 'connection'
  | 'conversation'
  | 'delivery'
  | 'doc'
  | 'drift'
  | 'escalation'
  | 'evt'
  | 'job'
  | 'key'
  | 'maintenance'
  | 'notification'
  | 'party'
  | 'reference'
  | 'review'
  | 'req'
  | 'rule'
  | 'session'
  | 'slo'
  | 'system'
  | 'task'
  | 'tenant'
  | 'usage'
  | 'user'
  | 'verdict';

// Crockford's base 32 in lower case: no i, l, o, u, so that an id survives being read aloud.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const random = new Uint8Array(10 * 256);
let unused = 0;

/**
 * A new id: the kind, 48 bits of time in milliseconds and 80 random bits, as 26 characters of base 32 (the layout of a
 * ULID). Ids of one kind sort by the millisecond of their making. They are opaque: nobody may read meaning out of one.
 */
export function newId(kind: IdKind, now: number = Date.now()): string {
  if (unused === 0) {
    randomFillSync(random);
    unused = random.length;
  }
  unused -= 10;
  let time = '';
  for (let rest = now, digit = 0; digit < 10; digit += 1) {
    time = alphabet.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  return `${kind}_${time}${base32(random.subarray(unused, unused + 10))}`;
}

/** True when `text` has the shape of an id of that kind; says nothing about whether such a thing exists. */
export function isId(kind: IdKind, text: string): boolean {
  return (
    text.length === kind.length + 27 && text.startsWith(`${kind}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(-26))
  );
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return text;
}
