import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 is a little more than 2^256, and 62^6 a good deal more than 2^32. */
const secretLength = 43;
const checksumLength = 6;

/** 32 random bytes in base 62, always 43 characters. */
export function randomSecret(): string {
  return base62(BigInt(`0x${randomBytes(32).toString('hex')}`), secretLength);
}

/**
 * Appends `_` and the CRC-32 of everything before it in base 62. It proves nothing; it lets a typing mistake or a guess
 * be refused without asking anybody, and a secret scanner be sure of what it found.
 */
export function withChecksum(text: string): string {
  return `${text}_${checksumOf(text)}`;
}

/** True when the text ends in its own checksum. */
export function checksumHolds(token: string): boolean {
  const end = token.length - checksumLength - 1;
  return end > 0 && token[end] === '_' && token.slice(end + 1) === checksumOf(token.slice(0, end));
}

/** What is stored in place of the token. A plain hash is enough for 256 random bits, and costs a microsecond. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

function checksumOf(text: string): string {
  return base62(BigInt(crc32(text)), checksumLength);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = digits.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, '0');
}
