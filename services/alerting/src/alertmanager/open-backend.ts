import type { Kysely } from 'kysely';
import type { ReportedAlert } from '../alerts/merge-alert.ts';
import type { Schema } from '../app/schema.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import type { LabelSet } from '../labels/label-set.ts';
import type { ChangeSilences } from '../silences/change-silences.ts';
import { findSilence, listActiveSilences, listSilences } from '../silences/silence-store.ts';
import type { AmBackend } from './am-backend.ts';
import type { ShownAlert } from './list-alerts.ts';

export interface BackendDeps {
  db: Kysely<Schema>;
  configurations: ConfigurationSource;
  /** Keeps alerts, merged with what is known of them, and puts them into their groups. */
  ingest: (tenantId: string, alerts: readonly ReportedAlert[], now: Date) => Promise<void>;
  changeSilences: ChangeSilences;
  /** The alerts that have not ended, and carry these labels. */
  listAlerts: (tenantId: string, now: Date, carrying: LabelSet) => Promise<ShownAlert[]>;
}

/** Alertmanager's API on the stores of this service. */
export function openBackend({ db, configurations, ingest, changeSilences, listAlerts }: BackendDeps): AmBackend {
  return {
    configurationOf: (tenantId) => configurations.of(db, tenantId),
    surroundingsOf: async (tenantId, now, carrying) => {
      const [configuration, alerts, silences] = await Promise.all([
        configurations.of(db, tenantId),
        listAlerts(tenantId, now, carrying),
        listActiveSilences(db, tenantId, now),
      ]);
      // What inhibits an alert need not carry what it carries.
      const isWhole = Object.keys(carrying).length === 0 || configuration.inhibitRules.length === 0;
      const inhibiting = isWhole ? alerts : await listAlerts(tenantId, now, {});
      return { configuration, alerts, inhibiting, silences, now };
    },
    ingest,
    listSilences: (tenantId, now) => listSilences(db, tenantId, now),
    findSilence: (tenantId, id, now) => findSilence(db, tenantId, id, now),
    changeSilences,
  };
}
