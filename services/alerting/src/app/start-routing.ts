import { createVault } from '@signalbox/vault';
import { openBackend } from '../alertmanager/open-backend.ts';
import { mountAlertmanagerRoutes } from '../alertmanager/routes.ts';
import { listFiringAlerts } from '../alertmanager/shown-alert-store.ts';
import { postAlerts } from '../alertmanager/post-alerts.ts';
import { mountConfigurationRoutes } from '../configuration/routes.ts';
import { createRegroupAlerts } from '../notifications/enrol-alerts.ts';
import type { LabelSet } from '../labels/label-set.ts';
import { openChangeSilences } from '../silences/change-silences.ts';
import { mountSilenceRoutes } from '../silences/routes.ts';
import type { DomainDeps } from './domain.ts';

/** Connects what Alertmanager's clients speak to, and the configuration that alerts are routed by. */
export function startRouting({
  config,
  routes,
  database: { db },
  configurations,
  enrolAlerts,
  tell,
  tellAudit,
  nudge,
}: DomainDeps): void {
  const listAlerts = (tenantId: string, now: Date, carrying: LabelSet = {}) =>
    listFiringAlerts(db, tenantId, now, carrying);
  const changeSilences = openChangeSilences({ db, tellAudit, nudge });
  const backend = openBackend({
    db,
    configurations,
    ingest: async (tenantId, alerts, now) => {
      await postAlerts({ db, tell }, tenantId, alerts, now);
      nudge();
    },
    changeSilences,
    listAlerts,
  });
  mountAlertmanagerRoutes(routes, {
    backend,
    cluster: { status: 'disabled', peers: [] },
    startedAt: new Date(),
  });
  mountSilenceRoutes(routes, { db, changeSilences, listAlerts });
  mountConfigurationRoutes(routes, {
    db,
    configurations,
    vault: config.vaultKeys === null ? null : createVault(config.vaultKeys),
    regroup: createRegroupAlerts(enrolAlerts),
    tellAudit,
    nudge,
  });
}
