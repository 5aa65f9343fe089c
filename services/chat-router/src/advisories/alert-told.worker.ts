import { alertFired, alertResolved, eventJob, type AlertFired, type AlertResolved } from '@signalbox/contracts';
import { handleOnce, type Database } from '@signalbox/postgres';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { keepAdvisory } from './advisory-store.ts';
import { advises } from './advisory.ts';

const fired = eventJob(alertFired, 'chat-router');
const resolved = eventJob(alertResolved, 'chat-router');

export interface AlertEvents {
  /** An alert began: told once for each episode, whichever replica heard of it. */
  alertFired(event: AlertFired): void;
  alertResolved(event: AlertResolved): void;
}

type Options = Omit<WorkerOptions<never>, 'job' | 'handle'> & {
  database: Database<Schema>;
  events: AlertEvents;
  tellAudit: TellAudit;
  /** To be called after a commit that changed what a tenant's models are advised against for. */
  changed: (tenantId: string) => Promise<void>;
};

/** Heeds alerts that advise against a model, from their first word to their last. Each change is in the audit log. */
export function startAdvisoryWorkers(options: Options): { firedWorker: RunningWorker; resolvedWorker: RunningWorker } {
  const { database, events, tellAudit, changed, ...rest } = options;

  /** True when the word was new and changed whom this tenant's requests go to. */
  async function heed(
    trx: Transaction<Schema>,
    { jobId, tenantId, ended }: { jobId: string; tenantId: string; ended: boolean },
    { model_id: model, labels, alert_id: alertId, episode, name: alertName, at }: AlertFired,
  ): Promise<boolean> {
    if (model === null || labels[advises.label] !== advises.value) return false;
    const isNews = await keepAdvisory(trx, tenantId, { alertId, episode, model, alertName, ended, at: new Date(at) });
    if (!isNews) return false;
    await tellAudit(trx, {
      action: 'routing.changed',
      target: model,
      principal: { kind: 'service', principalId: 'alerting', tenantId, scopes: [] },
      requestId: jobId,
      details: { change: ended ? 'restored' : 'avoided', alert_id: alertId, alert: alertName },
    });
    return true;
  }

  return {
    firedWorker: startWorker({
      ...rest,
      job: fired,
      handle: async ({ payload, caller, jobId }) => {
        const { tenantId } = caller.principal;
        const news: boolean[] = [];
        const outcome = await handleOnce(database.db, fired.name, jobId, async (trx) => {
          news.push(await heed(trx, { jobId, tenantId, ended: false }, payload));
        });
        if (outcome === 'handled') events.alertFired(payload);
        if (news.includes(true)) await changed(tenantId);
      },
    }),
    resolvedWorker: startWorker({
      ...rest,
      job: resolved,
      handle: async ({ payload, caller, jobId }) => {
        const { tenantId } = caller.principal;
        const news: boolean[] = [];
        const outcome = await handleOnce(database.db, resolved.name, jobId, async (trx) => {
          news.push(await heed(trx, { jobId, tenantId, ended: true }, payload));
        });
        if (outcome === 'handled') events.alertResolved(payload);
        if (news.includes(true)) await changed(tenantId);
      },
    }),
  };
}
