import { checksumHolds, randomSecret, withChecksum } from './opaque-token.ts';

/** How long a refresh token waits to be used; every use gives a new one. */
export const refreshTokenLifetimeMs = 7 * 86_400_000;

/** However often it is refreshed, a session ends after this long, and the person signs in again. */
export const sessionLifetimeMs = 30 * 86_400_000;

const shape = /^sbr_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/;

/** A new refresh token: `sbr_<secret>_<checksum>`. */
export function makeRefreshToken(): string {
  return withChecksum(`sbr_${randomSecret()}`);
}

/** True when the text can be one of ours; whether it is, only the store knows. */
export function isRefreshToken(text: string): boolean {
  return shape.test(text) && checksumHolds(text);
}
