import type { ReportedAlert } from '../alerts/merge-alert.ts';
import type { AlertingConfiguration } from '../configuration/alerting-configuration.ts';
import type { LabelSet } from '../labels/label-set.ts';
import type { ChangeSilences } from '../silences/change-silences.ts';
import type { Silence } from '../silences/silence.ts';
import type { Surroundings } from './list-alerts.ts';

/** What Alertmanager's API stands on. */
export interface AmBackend {
  configurationOf(tenantId: string): Promise<AlertingConfiguration>;
  /** The alerts of a tenant that have not ended and carry these labels, with what may suppress them. */
  surroundingsOf(tenantId: string, now: Date, carrying: LabelSet): Promise<Surroundings>;
  /** Resolves once the alerts are kept. */
  ingest(tenantId: string, alerts: readonly ReportedAlert[], now: Date): Promise<void>;
  listSilences(tenantId: string, now: Date): Promise<Silence[]>;
  findSilence(tenantId: string, id: string, now: Date): Promise<Silence | null>;
  readonly changeSilences: ChangeSilences;
}
