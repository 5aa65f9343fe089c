import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@signalbox/errors';
import type { Request } from 'express';
import { Passport } from 'passport';
import { Strategy } from 'passport-jwt';
import type { AccessToken } from './access-token.ts';
import { bearerToken } from './bearer-token.ts';

const strategyName = 'access-token';

/**
 * passport-jwt's strategy with our verification in place of its own. Version 4.0.1 hands every token to `jsonwebtoken`
 * with options that it silently loses unless they stand at its top level, and accepts tokens that never expire
 * (measured); so `authenticate`, the one place that does so, is ours, and the key it would use does not exist.
 */
class AccessTokenStrategy extends Strategy {
  // No private field: passport makes an object of its own for each request, with this one as its prototype.
  readonly verifyToken: (token: string) => Promise<AccessToken>;

  constructor(verify: (token: string) => Promise<AccessToken>) {
    super(
      {
        jwtFromRequest: (request: Request) => bearerToken(request.headers),
        secretOrKeyProvider: (_request, _token, done) => {
          done(new Error('access tokens are not verified by passport-jwt'));
        },
      },
      (_payload, done) => {
        done(null, false);
      },
    );
    this.verifyToken = verify;
  }

  override authenticate(request: Request): void {
    const token = bearerToken(request.headers);
    if (token === null) {
      this.fail(new AppError('unauthenticated', 'An access token is required.'), 401);
      return;
    }
    this.verifyToken(token).then(
      (verified) => {
        this.success(verified);
      },
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'unauthenticated') this.fail(error, 401);
        else this.error(toError(error));
      },
    );
  }
}

/**
 * Verifies the bearer token of a request through passport, without a session and without touching the request itself,
 * so that it serves WebSocket upgrades as well. Throws what `verify` throws.
 */
export function createTokenAuthentication(
  verify: (token: string) => Promise<AccessToken>,
): (headers: IncomingHttpHeaders) => Promise<AccessToken> {
  const passport = new Passport();
  // By its name. A strategy that is handed over itself would be one object for all requests, and whoever came last would be
  // told who the others are.
  passport.use(strategyName, new AccessTokenStrategy(verify));
  return (headers) =>
    new Promise((resolve, reject) => {
      const settle = (error: unknown, token: AccessToken | false | undefined, challenge: unknown): void => {
        if (token) resolve(token);
        else reject(toError(error ?? challenge));
      };
      const handler = passport.authenticate(strategyName, { session: false }, settle) as (
        request: Pick<Request, 'headers'>,
        response: null,
        next: (error?: unknown) => void,
      ) => void;
      handler({ headers }, null, (error) => {
        reject(toError(error));
      });
    });
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new AppError('internal', undefined, { cause: thrown });
}
