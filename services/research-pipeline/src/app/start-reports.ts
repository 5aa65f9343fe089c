import { createChatRouterModel } from '../model/chat-router-model.ts';
import { getJobRow } from '../jobs/job-store.ts';
import { mountReportRoutes } from '../reports/routes.ts';
import { startSweeping } from '../reports/start-sweeping.ts';
import { createHashedEmbedder } from '../retrieval/hashed-embedder.ts';
import { createRanker } from '../retrieval/create-ranker.ts';
import { forgetSourcesOfJob } from '../retrieval/forgotten-source-store.ts';
import { deleteSteps } from '../steps/step-store.ts';
import type { DomainDeps } from './domain.ts';

const passagesPerAnswer = 24;

/** Connects reports: who reads them, who asks about them, and what clears them away. What it opens lies on `owned`. */
export function startReports(deps: DomainDeps, owned: AsyncDisposableStack): void {
  const { config, routes, database, storage, logger, metrics } = deps;
  const { db } = database;
  const { identityKeys, chatRouterUrl: url } = config;
  const cleared = metrics.counter({
    name: 'signalbox_reports_cleared_total',
    help: 'Reports whose files were removed, since they had expired or their research was deleted.',
  });
  owned.use(
    startSweeping({
      db,
      storage,
      async forget(trx, tenantId, jobId) {
        // First the vectors: which they are stands in the steps.
        await forgetSourcesOfJob(trx, tenantId, jobId);
        await deleteSteps(trx, jobId);
      },
      cleared: (count) => cleared.inc({}, count),
      logger,
    }),
  );
  mountReportRoutes(routes, {
    db,
    storage,
    identityKeys,
    async rank(question, chunks, { tenantId, idempotencyKey }, signal) {
      // By words alone: what a report was written from is little, and asking must work whatever else is away.
      const rank = createRanker({
        tenantId,
        embedder: createHashedEmbedder(),
        index: null,
        defer: () => Promise.resolve(),
        logger,
      });
      return (await rank({ question, chunks, limit: passagesPerAnswer, idempotencyKey, signal })).ranked;
    },
    async modelOf({ job_id: id }, principal) {
      const { request } = await getJobRow(db, principal.tenantId, id);
      const name = request.model ?? config.models.writing;
      return name === null
        ? null
        : createChatRouterModel({ url, name, identityKeys, owner: principal, tags: { job: id, use: 'ask' } });
    },
  });
}
