import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A secret of 32 random bytes in base64url, made on the first call and the same ever after. */
export function ensureSecret(folder: string, name: string): string {
  return readFileSync(
    ensureSecretFile(folder, name, () => randomBytes(32).toString('base64url')),
    'utf8',
  );
}

/** A private JWKS with one ES256 key, for access tokens. Gives its path. */
export function ensureSigningKeys(folder: string): string {
  return ensureSecretFile(folder, 'token-signing-keys.json', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'ES256', use: 'sig' };
    return `${JSON.stringify({ keys: [key] }, null, 2)}\n`;
  });
}

/** Readable by us alone. Of two who make it at once, one wins, and both read the winner's. */
function ensureSecretFile(folder: string, name: string, make: () => string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  const unfinished = `${file}.${randomUUID()}`;
  writeFileSync(unfinished, make(), { mode: 0o600 });
  try {
    linkSync(unfinished, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(unfinished);
  }
  return file;
}
