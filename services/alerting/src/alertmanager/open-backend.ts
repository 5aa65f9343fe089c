import type { Kysely } from 'kysely';
import type { ReportedAlert } from '../alerts/merge-alert.ts';
import type { Schema } from '../app/schema.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
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
  /** All alerts that have not ended. */
  listAlerts: (tenantId: string, now: Date) => Promise<ShownAlert[]>;
}

/** Alertmanager's API on the stores of this service. */
export function openBackend({ db, configurations, ingest, changeSilences, listAlerts }: BackendDeps): AmBackend {
  return {
    configurationOf: (tenantId) => configurations.of(db, tenantId),
    surroundingsOf: async (tenantId, now) => {
      const [configuration, alerts, silences] = await Promise.all([
        configurations.of(db, tenantId),
        listAlerts(tenantId, now),
        listActiveSilences(db, tenantId, now),
      ]);
      return { configuration, alerts, silences, now };
    },
    ingest,
    listSilences: (tenantId, now) => listSilences(db, tenantId, now),
    findSilence: (tenantId, id, now) => findSilence(db, tenantId, id, now),
    changeSilences,
  };
}
