import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import { createTokenAuthentication } from './access-token-strategy.ts';
import type { AccessToken } from './access-token.ts';

/** Stands for a verification that takes its time, the first ones the longest; gives the token itself as the user. */
const authenticate = createTokenAuthentication(async (token) => {
  await sleep(40 - Number(token.slice(-2)));
  if (token.startsWith('bad')) throw new AppError('unauthenticated', `not ${token}`);
  return { userId: token } as AccessToken;
});

describe('access tokens that are shown at the same time (S2, S15)', () => {
  it('gives each request the owner of its own token, whoever is verified first', async () => {
    const tokens = Array.from({ length: 30 }, (_, index) => `token-${String(index).padStart(2, '0')}`);
    const found = await Promise.all(tokens.map((token) => authenticate({ authorization: `Bearer ${token}` })));
    expect(found.map(({ userId }) => userId)).toEqual(tokens);
  });

  it('refuses a bad one beside good ones, and none but that', async () => {
    const tokens = ['good-01', 'bad-20', 'good-30', 'bad-02'];
    const settled = await Promise.allSettled(tokens.map((token) => authenticate({ authorization: `Bearer ${token}` })));
    expect(
      settled.map((one) => (one.status === 'fulfilled' ? one.value.userId : (one.reason as Error).message)),
    ).toEqual(['good-01', 'not bad-20', 'good-30', 'not bad-02']);
  });
});
