export {
  accessTokenBytesMax,
  accessTokenLifetimeS,
  createAccessTokens,
  type AccessToken,
  type AccessTokenGrant,
  type AccessTokens,
} from './access-token.ts';
export { createTokenAuthentication } from './access-token-strategy.ts';
export { bearerToken } from './bearer-token.ts';
export { IdentityKeys, type IdentityKey } from './identity-keys.ts';
export { isOperator, mayUse, operatorMark, type CallerIdentity, type Principal } from './principal.ts';
export {
  identityHeader,
  identityMaxAgeMs,
  signIdentity,
  verifyIdentity,
  type IdentityBinding,
} from './signed-identity.ts';
export { TokenKeys, type PublicTokenJwk, type TokenAlgorithm, type TokenKey } from './token-keys.ts';
