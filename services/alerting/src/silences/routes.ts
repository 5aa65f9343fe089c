import {
  createSilence,
  endSilence,
  getSilence,
  listSilences,
  previewSilence,
  updateSilence,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import {
  keysetPage,
  mountRoute,
  pageStart,
  reply,
  type RouteAnswerOf,
  type RouteContext,
  type Routes,
} from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { ShownAlert } from '../alertmanager/list-alerts.ts';
import type { Schema } from '../app/schema.ts';
import type { Doer } from '../audit/tell-audit.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { formatMatcher, matchesAll, type Matcher, type MatcherSpec } from '../matchers/matcher.ts';
import { readMatcher } from '../matchers/read-matchers.ts';
import type { ChangeSilences } from './change-silences.ts';
import { createSilencer, SilenceError, silenceState, type Silence } from './silence.ts';
import { findSilence, listActiveSilences, listSilenceRows } from './silence-store.ts';

export interface SilenceRoutesDeps {
  db: Kysely<Schema>;
  changeSilences: ChangeSilences;
  /** All alerts of a tenant that fire. */
  listAlerts: (tenantId: string, now: Date) => Promise<ShownAlert[]>;
}

const previewMax = 100;

export function mountSilenceRoutes(routes: Routes, { db, changeSilences, listAlerts }: SilenceRoutesDeps): void {
  mountRoute(routes, createSilence, async (context) => {
    const now = new Date();
    const silence = present(await set(changeSilences, context, null, now), now);
    return reply(silence, { headers: { Location: `/api/v1/silences/${silence.id}` } });
  });

  mountRoute(routes, updateSilence, async (context) => {
    const now = new Date();
    return present(await set(changeSilences, context, context.params.id, now), now);
  });

  mountRoute(routes, previewSilence, async ({ principal: { tenantId }, body }) => {
    const now = new Date();
    const matchers = readAll(body.matchers);
    const [alerts, silences] = await Promise.all([listAlerts(tenantId, now), listActiveSilences(db, tenantId, now)]);
    const silencedBy = createSilencer(silences, now);
    const covered = alerts.filter(({ labels }) => matchesAll(matchers, labels));
    return {
      total: covered.length,
      alerts: covered.slice(0, previewMax).map(({ fingerprint, labels, startsAt }) => ({
        fingerprint,
        labels: { ...labels },
        starts_at: startsAt.toISOString(),
        silenced_by: [...silencedBy(labels)],
      })),
    };
  });

  mountRoute(routes, listSilences, async ({ principal: { tenantId }, query }) => {
    const now = new Date();
    const list = listSilences.operationId;
    const start = pageStart(list, query, ['date', 'string']);
    const [endsAt, id] = start.after ?? [];
    const after = endsAt instanceof Date && typeof id === 'string' ? { endsAt, id } : null;
    const stretch = { after, backwards: start.backwards, limit: start.fetch };
    const rows = await listSilenceRows(db, tenantId, { state: query.state, now }, stretch);
    const keyOf = (silence: Silence) => [silence.endsAt, silence.id];
    return keysetPage({ list, start, rows, keyOf, present: (silence) => present(silence, now) });
  });

  mountRoute(routes, getSilence, async ({ principal: { tenantId }, params }) => {
    const now = new Date();
    return present((await findSilence(db, tenantId, params.id, now)) ?? notThere(), now);
  });

  mountRoute(routes, endSilence, async ({ principal, requestId, params }) => {
    if (!(await changeSilences.end({ principal, requestId }, params.id, new Date()))) notThere();
    return null;
  });
}

type Setting = RouteContext<typeof createSilence>['body'];

async function set(
  changeSilences: ChangeSilences,
  { principal, requestId, body }: Doer & { body: Setting },
  id: string | null,
  now: Date,
): Promise<Silence> {
  const input = {
    id,
    matchers: readAll(body.matchers).map(({ name, op, value }): MatcherSpec => ({ name, op, value })),
    startsAt: body.starts_at === undefined ? now : new Date(body.starts_at),
    endsAt: new Date(body.ends_at),
    createdBy: body.created_by ?? principal.principalId,
    comment: body.comment,
    annotations: body.annotations ?? {},
  };
  try {
    return (await changeSilences.set({ principal, requestId }, input, now)) ?? notThere();
  } catch (thrown) {
    if (!(thrown instanceof SilenceError)) throw thrown;
    throw new AppError('validation_failed', undefined, { fields: [{ path: '', message: thrown.message }] });
  }
}

function readAll(lines: readonly string[]): Matcher[] {
  return lines.map((line, index) => {
    try {
      return readMatcher(line);
    } catch (thrown) {
      if (!(thrown instanceof MatcherError)) throw thrown;
      const fields = [{ path: `matchers.${index}`, message: thrown.message }];
      throw new AppError('validation_failed', undefined, { fields });
    }
  });
}

function present(silence: Silence, now: Date): RouteAnswerOf<typeof getSilence> {
  return {
    id: silence.id,
    state: silenceState(silence, now),
    matchers: silence.matchers.map(formatMatcher),
    starts_at: silence.startsAt.toISOString(),
    ends_at: silence.endsAt.toISOString(),
    comment: silence.comment,
    created_by: silence.createdBy,
    annotations: { ...silence.annotations },
    updated_at: silence.updatedAt.toISOString(),
  };
}

function notThere(): never {
  throw new AppError('not_found', 'There is no such silence.');
}
