import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Doer, TellAudit } from '../audit/tell-audit.ts';
import { formatMatcher } from '../matchers/matcher.ts';
import type { Silence, SilenceInput } from './silence.ts';
import { endSilence, setSilence } from './silence-store.ts';

/** What people do to silences, whichever API they speak. Each act stands in the audit log if it is done. */
export interface ChangeSilences {
  /** Null where there is none with the id that is to be changed. Throws `SilenceError`. */
  set(doer: Doer, input: SilenceInput & { id: string | null }, now: Date): Promise<Silence | null>;
  /** False where there is none. */
  end(doer: Doer, id: string, now: Date): Promise<boolean>;
}

export interface ChangeSilencesDeps {
  db: Kysely<Schema>;
  tellAudit: TellAudit;
  nudge: () => void;
}

export function openChangeSilences({ db, tellAudit, nudge }: ChangeSilencesDeps): ChangeSilences {
  const action = 'silence.changed';
  return {
    async set(doer, input, now) {
      const set = await db.transaction().execute(async (trx) => {
        const silence = await setSilence(trx, doer.principal.tenantId, input, now);
        if (silence === null) return null;
        const replaced = input.id !== null && input.id !== silence.id ? { replaces: input.id } : {};
        const details = {
          change: input.id === null ? 'created' : 'updated',
          ...replaced,
          matchers: silence.matchers.map(formatMatcher),
          starts_at: silence.startsAt.toISOString(),
          ends_at: silence.endsAt.toISOString(),
        };
        await tellAudit(trx, { ...doer, action, target: silence.id, details });
        return silence;
      });
      nudge();
      return set;
    },
    async end(doer, id, now) {
      const outcome = await db.transaction().execute(async (trx) => {
        const ended = await endSilence(trx, doer.principal.tenantId, id, now);
        if (ended === 'ended') await tellAudit(trx, { ...doer, action, target: id, details: { change: 'ended' } });
        return ended;
      });
      nudge();
      return outcome !== 'absent';
    },
  };
}
