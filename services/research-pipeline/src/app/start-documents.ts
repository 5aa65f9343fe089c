import { mountDocumentRoutes } from '../documents/routes.ts';
import { startDocumentWorker, startForgettingWorker } from '../documents/process-documents.worker.ts';
import { mayUse, type Principal } from '@signalbox/identity';
import { createContentCache, openRedis } from '@signalbox/redis';
import { namespaces } from '../cache/namespaces.ts';
import { createMatchCache } from '../parties/match-cache.ts';
import { mountPartyRoutes } from '../parties/routes.ts';
import type { Asking } from '../documents/extract-facts.ts';
import { readImage } from '../documents/read-image.ts';
import { createChatRouterModel } from '../model/chat-router-model.ts';
import { createTellAudit } from '../audit/tell-audit.ts';
import { createExtractor } from '../extract/create-extractor.ts';
import type { Config } from './config.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';

/** Connects documents: their routes, and those who read them and clear them away. What it opens lies on `owned`. */
export function startDocuments(
  { config, routes, database: { db }, storage, emitter, nudgeRelay, working, logger, metrics }: DomainDeps,
  owned: AsyncDisposableStack,
): DomainProbes {
  const { chatRouterUrl: url, identityKeys } = config;
  const extractor = owned.use(createExtractor());
  const processed = metrics.counter({
    name: 'signalbox_documents_total',
    help: 'Documents that were processed, by how that ended.',
    labels: ['outcome', 'extraction'],
  });
  const tellAudit = createTellAudit(emitter);
  const cachePrefix = `${working.prefix ?? 'research-pipeline'}:cache`;
  const { redis } = owned.use(
    openRedis({ url: config.redisCacheUrl, name: cachePrefix, use: 'request', timeoutMs: 1_000, logger }),
  );
  const cache = owned.use(createContentCache({ redis, prefix: cachePrefix, namespaces, logger, metrics }));
  const matches = createMatchCache(cache);
  mountDocumentRoutes(routes, { db, storage, emitter, tellAudit, nudgeRelay });
  mountPartyRoutes(routes, { db, tellAudit, nudgeRelay, matches });
  const reading = owned.use(
    startDocumentWorker(working, {
      db,
      storage,
      extract: (bytes, described) => extractor.extract(bytes, described),
      askingOf: (principal) => askingOf(config, principal),
      readImage: (image, signal) => readImage({ url, identityKeys, model: null }, image, signal),
      matches,
      events: {
        documentProcessed({ tenantId, documentId, contentType, outcome, extraction }) {
          processed.inc({ outcome, extraction: extraction ?? 'none' });
          logger.info('document.processed', {
            tenant_id: tenantId,
            document_id: documentId,
            content_type: contentType,
            outcome,
            extraction,
          });
        },
      },
    }),
  );
  const forgetting = owned.use(startForgettingWorker(working, { db, storage }));
  return {
    document_worker: { probe: () => reading.probe(), critical: false },
    forgetting_worker: { probe: () => forgetting.probe(), critical: false },
  };
}

/** The model that writes research reads documents, too, for those who may ask models. */
function askingOf({ models, chatRouterUrl: url, identityKeys }: Config, principal: Principal): Asking {
  if (models.writing === null) return { kind: 'not_configured' };
  if (!mayUse(principal, 'chat:write')) return { kind: 'not_permitted' };
  const model = createChatRouterModel({ url, name: models.writing, identityKeys, owner: principal });
  return { kind: 'model', model };
}
