import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { LabelSet } from '../labels/label-set.ts';
import { createSilencer } from '../silences/silence.ts';
import { listActiveSilences } from '../silences/silence-store.ts';
import { listWindows } from './maintenance-store.ts';
import { createWindowSilencer } from './maintenance-window.ts';

export const windowsMax = 200;

/** Says for a label set what keeps it quiet now: the ids of silences and of open maintenance windows. */
export async function findSilencer(
  db: Kysely<Schema>,
  tenantId: string,
  now: Date,
): Promise<(labels: LabelSet) => readonly string[]> {
  const bySilence = createSilencer(await listActiveSilences(db, tenantId, now), now);
  const windows = await listWindows(db, tenantId, { after: null, backwards: false, limit: windowsMax });
  const byWindow = createWindowSilencer(windows, now);
  return (labels) => [...bySilence(labels), ...byWindow(labels)];
}
