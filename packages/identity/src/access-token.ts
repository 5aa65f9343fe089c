import { createHash, randomUUID } from 'node:crypto';
import { Role } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { isId } from '@signalbox/ids';
import { errors, jwtVerify, SignJWT, type CompactJWSHeaderParameters, type JWTPayload } from 'jose';
import type { TokenKeys } from './token-keys.ts';

/** How long an access token is good for. */
export const accessTokenLifetimeS = 15 * 60;

/** Longer ones are refused before they are parsed; ours have about 600 bytes. */
export const accessTokenBytesMax = 8_192;

const audience = 'signalbox';
const type = 'at+jwt';

/** How long a signature that was found good is not checked again; whoever verifies must still ask about revocation. */
const verifiedForMs = 30_000;
const verifiedTokensMax = 10_000;

/** What an access token says. */
export interface AccessToken {
  tokenId: string;
  userId: string;
  tenantId: string;
  sessionId: string;
  role: Role;
  /** The version of the user's rights at the time; an older one than the user's present version is void. */
  tokenVersion: number;
  expiresAt: Date;
}

export type AccessTokenGrant = Omit<AccessToken, 'tokenId' | 'expiresAt'>;

export interface AccessTokens {
  /** A signed token for 15 minutes from now. */
  issue(grant: AccessTokenGrant): Promise<string>;
  /**
   * What the token says, when one of our keys signed exactly this kind of token and it has not expired, to the second.
   * Throws `unauthenticated` for everything else. It fetches nothing: of the header only `kid` is used, to choose among
   * our own keys. Whether the session still lives is the caller's question.
   */
  verify(token: string): Promise<AccessToken>;
}

export function createAccessTokens({
  keys,
  issuer,
  now = () => new Date(),
}: {
  keys: TokenKeys;
  /** The gateway's public URL. */
  issuer: string;
  now?: () => Date;
}): AccessTokens {
  const verified = new Map<string, { token: AccessToken; until: number }>();

  async function verifyAnew(token: string): Promise<AccessToken> {
    try {
      if (!endsCanonically(token)) throw new errors.JWSInvalid('not the signature as it was written');
      const { payload } = await jwtVerify(token, (header) => keyFor(keys, header), {
        algorithms: ['ES256', 'EdDSA'],
        issuer,
        audience,
        typ: type,
        requiredClaims: ['exp', 'iat', 'sub', 'jti', 'tenant', 'role', 'sid', 'tv'],
        currentDate: now(),
      });
      return readClaims(payload);
    } catch (error) {
      const sentence =
        error instanceof errors.JWTExpired ? 'The access token has expired.' : 'The access token is not valid.';
      throw new AppError('unauthenticated', sentence, { cause: error });
    }
  }

  return {
    async issue(grant) {
      const issuedAt = Math.floor(now().getTime() / 1_000);
      return new SignJWT({
        tenant: grant.tenantId,
        role: grant.role,
        sid: grant.sessionId,
        tv: grant.tokenVersion,
      })
        .setProtectedHeader({ alg: keys.signing.algorithm, kid: keys.signing.kid, typ: type })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(grant.userId)
        .setJti(randomUUID())
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + accessTokenLifetimeS)
        .sign(keys.signing.privateKey);
    },

    async verify(token) {
      if (token.length > accessTokenBytesMax) throw new AppError('unauthenticated', 'The access token is too long.');
      const digest = createHash('sha256').update(token).digest('base64');
      const known = verified.get(digest);
      const time = now().getTime();
      if (known !== undefined && time < known.until) return known.token;
      verified.delete(digest);
      const fresh = await verifyAnew(token);
      // Every entry lives equally long, so the oldest is the one that ends first.
      const oldest = verified.size >= verifiedTokensMax ? verified.keys().next().value : undefined;
      if (oldest !== undefined) verified.delete(oldest);
      verified.set(digest, { token: fresh, until: Math.min(time + verifiedForMs, fresh.expiresAt.getTime()) });
      return fresh;
    },
  };
}

/**
 * The last character of a signature has bits that decoders drop, so that other texts stand for the same bytes. Only one
 * of them was issued.
 */
function endsCanonically(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

/** Our key of that `kid`, when the header asks for that key's own algorithm and for nothing unusual (`jku`, `jwk`, `x5u`, `crit`…). */
function keyFor(keys: TokenKeys, header: CompactJWSHeaderParameters) {
  const { alg, kid, typ, ...unusual } = header;
  const key = typeof kid === 'string' ? keys.verifying(kid) : null;
  if (key === null || key.algorithm !== alg || typ !== type || Object.keys(unusual).length > 0) {
    throw new errors.JOSENotSupported('no key of ours');
  }
  return key.publicKey;
}

function readClaims(payload: JWTPayload): AccessToken {
  const { sub, jti, exp, iat, tenant, sid, tv } = payload;
  const role = Role.safeParse(payload['role']);
  if (
    typeof sub === 'string' &&
    isId('user', sub) &&
    typeof tenant === 'string' &&
    isId('tenant', tenant) &&
    typeof sid === 'string' &&
    isId('session', sid) &&
    typeof jti === 'string' &&
    typeof tv === 'number' &&
    Number.isSafeInteger(tv) &&
    typeof exp === 'number' &&
    typeof iat === 'number' &&
    exp - iat <= accessTokenLifetimeS &&
    role.success
  ) {
    return {
      tokenId: jti,
      userId: sub,
      tenantId: tenant,
      sessionId: sid,
      role: role.data,
      tokenVersion: tv,
      expiresAt: new Date(exp * 1_000),
    };
  }
  throw new errors.JWTInvalid('a claim is not of our making');
}
