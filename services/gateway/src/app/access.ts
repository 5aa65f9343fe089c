import { createTokenAuthentication, createAccessTokens, type IdentityKeys, type TokenKeys } from '@signalbox/identity';
import type { Routes } from '@signalbox/http';
import { openDeadLetters, type Database } from '@signalbox/postgres';
import { createEmitter } from '@signalbox/queue';
import type { OpenRedis } from '@signalbox/redis';
import type { Logger, Metrics } from '@signalbox/telemetry';
import { createVault, type VaultKeys } from '@signalbox/vault';
import type { Request } from 'express';
import { createAuditLog, type AuditLog } from '../audit/audit-log.ts';
import { startAuditWorker } from '../audit/audit.worker.ts';
import { mountAuditRoutes } from '../audit/routes.ts';
import type { Authenticator } from '../authentication/authenticator.ts';
import { createAuthenticator } from '../authentication/create-authenticator.ts';
import { createCredentialCache } from '../authentication/credential-cache.ts';
import { openCredentialChanges } from '../authentication/credential-changes.ts';
import { findKeyCredential } from '../keys/api-key-store.ts';
import { createTellRestriction } from '../authentication/tell-restriction.ts';
import { openKeyReplays } from '../keys/key-replays.ts';
import { createLastUseRecorder } from '../keys/record-last-use.ts';
import { mountApiKeyRoutes } from '../keys/routes.ts';
import { createPasswords, type Passwords } from '../people/password.ts';
import { mountPeopleRoutes } from '../people/routes.ts';
import { mountKeySet } from '../tokens/routes.ts';
import { findLivingSession } from '../tokens/session-store.ts';
import type { GatewaySchema } from './schema.ts';

export interface AccessOptions {
  database: Database<GatewaySchema>;
  /** The cache's Redis: a connection of use `request`, and the address for a subscriber of its own. */
  redis: OpenRedis['redis'];
  redisUrl: string;
  /** The queues' Redis, for the worker that writes the audit. */
  queueRedisUrl: string;
  queuePrefix?: string;
  identityKeys: IdentityKeys;
  tokenKeys: TokenKeys;
  /** The gateway's public URL. */
  tokenIssuer: string;
  /** Null: nothing secret is kept. */
  vaultKeys: VaultKeys | null;
  addressOf: (request: Request) => string | null;
  logger: Logger;
  metrics: Metrics;
  passwords?: Passwords;
  now?: () => Date;
}

/** Who may come in: credentials, the people and keys behind them, and the record of what was done and refused. */
export interface Access extends AsyncDisposable {
  readonly authenticator: Authenticator;
  readonly audit: AuditLog;
  /** Mounts API keys, sessions, people, tenants, the audit log and the public keys of the access tokens. */
  mountRoutes(routes: Routes): void;
  /** Rejects when the worker that writes the audit takes no jobs any more. */
  probeAuditWorker(): Promise<void>;
}

export function openAccess(options: AccessOptions): Access {
  const { database, redis, redisUrl, identityKeys, tokenKeys, tokenIssuer, addressOf, logger, metrics } = options;
  const { now = () => new Date(), passwords = createPasswords() } = options;
  const owned = new AsyncDisposableStack();

  const emitter = createEmitter({ service: 'gateway', identityKeys });
  const keys = createCredentialCache({
    name: 'api_keys',
    load: (id) => findKeyCredential(database.db, id),
    metrics,
    now: () => now().getTime(),
  });
  const sessions = createCredentialCache({
    name: 'sessions',
    load: (id) => findLivingSession(database.db, id, now()),
    metrics,
    now: () => now().getTime(),
  });
  const changes = owned.use(
    openCredentialChanges({
      redisUrl,
      redis,
      logger,
      onChange: ({ kind, ids }) => {
        const cache = kind === 'api_key' ? keys : sessions;
        for (const id of ids) cache.forget(id);
      },
      onGap: () => {
        keys.forgetAll();
        sessions.forgetAll();
      },
    }),
  );
  const worker = owned.use(
    startAuditWorker({
      database,
      redisUrl: options.queueRedisUrl,
      identityKeys,
      deadLetters: openDeadLetters(database),
      logger,
      metrics,
      ...(options.queuePrefix === undefined ? {} : { prefix: options.queuePrefix }),
    }),
  );
  const lastUse = owned.use(createLastUseRecorder({ database, logger }));
  const audit = owned.use(createAuditLog({ database, emitter, logger, now }));
  const vault = options.vaultKeys === null ? null : createVault(options.vaultKeys);
  const replays = owned.use(openKeyReplays({ database, vault, logger, now }));
  const tellRestriction = createTellRestriction(emitter);
  const tokens = createAccessTokens({ keys: tokenKeys, issuer: tokenIssuer, now });
  const authenticator = createAuthenticator({
    keys,
    sessions,
    verifyToken: createTokenAuthentication((token) => tokens.verify(token)),
    keyUsed: (keyId, at) => {
      lastUse.used(keyId, at);
    },
    audit,
    metrics,
    now,
  });
  const lockouts = metrics.counter({
    name: 'signalbox_account_lockouts_total',
    help: 'Accounts that were put to rest after too many failed logins.',
  });

  return {
    authenticator,
    audit,
    mountRoutes(routes) {
      mountApiKeyRoutes(routes, { database, changes, audit, replays, tellRestriction, addressOf, now });
      mountPeopleRoutes(routes, {
        ...{ database, passwords, tokens, changes, audit, tellRestriction, lockouts, addressOf, now },
      });
      mountAuditRoutes(routes, { database });
      mountKeySet(routes, tokenKeys);
    },
    probeAuditWorker: () => worker.probe(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
