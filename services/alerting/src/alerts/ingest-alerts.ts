import { newId } from '@signalbox/ids';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { fingerprintOf, type LabelSet } from '../labels/label-set.ts';
import { lockAlerts, saveAlerts } from './alert-store.ts';
import { newAlert, type AlertChange, type AlertRecord } from './alert.ts';
import type { ReportedAlert } from './merge-alert.ts';
import { reportAlert } from './report-alert.ts';
import type { TellChanges } from './tell-changes.ts';

/**
 * Takes reports in, in their order, and gives the alerts as they are then. Alerts are locked in the order of their
 * fingerprints, so that two batches of the same alerts wait for each other and do not block each other.
 */
export async function ingestAlerts(
  trx: Transaction<Schema>,
  tenantId: string,
  posted: readonly ReportedAlert[],
  now: Date,
  tell: TellChanges,
): Promise<AlertRecord[]> {
  const reports = posted.map((report) => ({ report, fingerprint: fingerprintOf(report.labels) }));
  const seeds = new Map(
    reports.map(({ report, fingerprint }) => [fingerprint, seedOf(tenantId, fingerprint, report.labels, now)]),
  );
  const alerts = await lockAlerts(trx, tenantId, [...seeds.values()]);
  const changes = new Map<string, AlertChange[]>();
  for (const { report, fingerprint } of reports) {
    const known = alerts.get(fingerprint);
    if (known === undefined) throw new Error('an alert was locked and is not there');
    const stepped = reportAlert(known, report, now);
    alerts.set(fingerprint, stepped.next);
    changes.set(fingerprint, [...(changes.get(fingerprint) ?? []), ...stepped.changes]);
  }
  const saved = [...alerts.values()];
  await saveAlerts(trx, saved);
  const told = saved.map((alert) => ({ alert, changes: changes.get(alert.fingerprint) ?? [] }));
  await tell(trx, tenantId, told, now);
  return saved;
}

function seedOf(tenantId: string, fingerprint: string, labels: LabelSet, now: Date): AlertRecord {
  return newAlert(
    {
      tenant_id: tenantId,
      fingerprint,
      id: newId('alert'),
      rule_id: null,
      name: labels['alertname'] ?? '',
      model_id: labels['model_id'] ?? null,
      alert_type: labels['alert_type'] ?? 'other',
      severity: labels['severity'] ?? '',
      labels,
    },
    now,
  );
}
