import { forgetDocumentFile, processDocument as processContract } from '@signalbox/contracts';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import { forgetFile } from './delete-document.ts';
import { failDocument, failLostDocuments } from './document-store.ts';
import { processDocument, type ProcessDeps } from './process-document.ts';

type Working = Omit<WorkerOptions<never>, 'job' | 'handle'>;

/** So long after the last sign of life of any worker a document is lost: longer than a queue takes to bring it again. */
const untouchedMsMax = 60 * 60_000;
const sweepMs = 60_000;

/** Reads documents, a few at a time: reading them costs processor time. */
export function startDocumentWorker(working: Working, deps: ProcessDeps): RunningWorker {
  const worker = startWorker({
    concurrency: 2,
    ...working,
    job: processContract,
    async handle({ payload: { document_id: documentId }, caller, attempt, signal }) {
      try {
        await processDocument(deps, { documentId, caller }, signal);
      } catch (error) {
        if (attempt >= processContract.attempts && !signal.aborted) {
          const message = 'Reading the document failed. Upload it again.';
          await failDocument(deps.db, caller.principal.tenantId, documentId, { code: 'INTERNAL', message });
        }
        throw error;
      }
    },
  });
  const sweeper = setInterval(() => {
    failLostDocuments(deps.db, untouchedMsMax).catch((error: unknown) => {
      working.logger.warn('documents.sweeping_failed', { error });
    });
  }, sweepMs);
  return {
    probe: () => worker.probe(),
    async [Symbol.asyncDispose]() {
      clearInterval(sweeper);
      await worker[Symbol.asyncDispose]();
    },
  };
}

/** Removes files that no document uses. */
export function startForgettingWorker(working: Working, deps: Pick<ProcessDeps, 'db' | 'storage'>): RunningWorker {
  return startWorker({
    ...working,
    job: forgetDocumentFile,
    handle: ({ payload }) => forgetFile(deps, payload.storage_key),
  });
}
