import { getKeySet } from '@signalbox/contracts';
import { mountRoute, reply, type Routes } from '@signalbox/http';
import type { TokenKeys } from '@signalbox/identity';

/** Mounts the public keys of the access tokens. A new key stands there before it signs: see `TokenKeys`. */
export function mountKeySet(routes: Routes, keys: TokenKeys): void {
  mountRoute(routes, getKeySet, () =>
    reply(
      { keys: keys.publicKeySet().keys.map((key) => ({ ...key })) },
      { headers: { 'cache-control': 'public, max-age=300' } },
    ),
  );
}
