import type { Logger } from '@signalbox/telemetry';
import type { Vault } from '@signalbox/vault';
import type { Kysely } from 'kysely';
import { sealContext, type ConnectionRecord } from '../connections/connection-record.ts';
import { replaceEnvelope, sealedConnections } from '../connections/connection-store.ts';
import { rewrapKeys } from '../connections/rewrap-keys.ts';
import { headerContext } from '../tools/tool-headers.ts';
import { replaceSealedHeaders, sealedTools, type SealedTool } from '../tools/tool-store.ts';
import type { Schema } from './schema.ts';

/**
 * Puts what tenants gave to be kept under the key that seals now. In the background: nobody waits for it, and what it does
 * not get to the next start does.
 */
export function startRewrapping(db: Kysely<Schema>, vault: Vault, logger: Logger): AsyncDisposable {
  const connections = rewrapKeys<ConnectionRecord>(vault, {
    after: (last, limit) => sealedConnections(db, last?.id ?? '', limit),
    contextOf: sealContext,
    replace: (record, envelope) => replaceEnvelope(db, record, envelope),
  }).then(
    ({ rewrapped, unopened }) => {
      if (rewrapped > 0) logger.info('connection.keys_rewrapped', { rewrapped });
      if (unopened > 0) logger.error('connection.keys_not_opened', { unopened });
    },
    (error: unknown) => {
      logger.warn('connection.rewrapping_failed', { error });
    },
  );
  const tools = rewrapKeys<SealedTool>(vault, {
    after: (last, limit) => sealedTools(db, last, limit),
    contextOf: headerContext,
    replace: (tool, envelope) => replaceSealedHeaders(db, tool, envelope),
  }).then(
    ({ rewrapped, unopened }) => {
      if (rewrapped > 0) logger.info('tool.headers_rewrapped', { rewrapped });
      if (unopened > 0) logger.error('tool.headers_not_opened', { unopened });
    },
    (error: unknown) => {
      logger.warn('tool.rewrapping_failed', { error });
    },
  );
  return {
    async [Symbol.asyncDispose]() {
      await connections;
      await tools;
    },
  };
}
