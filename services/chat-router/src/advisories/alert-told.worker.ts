import { alertFired, alertResolved, eventJob, type AlertFired } from '@signalbox/contracts';
import { handleOnce, type Database } from '@signalbox/postgres';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { keepAdvisory } from './advisory-store.ts';
import { advises } from './advisory.ts';

const fired = eventJob(alertFired, 'chat-router');
const resolved = eventJob(alertResolved, 'chat-router');

type Options = Omit<WorkerOptions<never>, 'job' | 'handle'> & {
  database: Database<Schema>;
  tellAudit: TellAudit;
  /** To be called after a commit that changed what a tenant's models are advised against for. */
  changed: (tenantId: string) => Promise<void>;
};

/** Heeds alerts that advise against a model, from their first word to their last. Each change is in the audit log. */
export function startAdvisoryWorkers(options: Options): { firedWorker: RunningWorker; resolvedWorker: RunningWorker } {
  const { database, tellAudit, changed, ...rest } = options;

  async function heed(name: string, jobId: string, tenantId: string, alert: AlertFired, ended: boolean): Promise<void> {
    const { model_id: model, labels, alert_id: alertId, episode, name: alertName, at } = alert;
    if (model === null || labels[advises.label] !== advises.value) return;
    const news: string[] = [];
    await handleOnce(database.db, name, jobId, async (trx) => {
      const isNew = await keepAdvisory(trx, tenantId, { alertId, episode, model, alertName, ended, at: new Date(at) });
      if (!isNew) return;
      news.push(model);
      await tellAudit(trx, {
        action: 'routing.changed',
        target: model,
        principal: { kind: 'service', principalId: 'alerting', tenantId, scopes: [] },
        requestId: jobId,
        details: { change: ended ? 'restored' : 'avoided', alert_id: alertId, alert: alertName },
      });
    });
    if (news.length > 0) await changed(tenantId);
  }

  return {
    firedWorker: startWorker({
      ...rest,
      job: fired,
      handle: ({ payload, caller, jobId }) => heed(fired.name, jobId, caller.principal.tenantId, payload, false),
    }),
    resolvedWorker: startWorker({
      ...rest,
      job: resolved,
      handle: ({ payload, caller, jobId }) => heed(resolved.name, jobId, caller.principal.tenantId, payload, true),
    }),
  };
}
