import {
  deleteAmSilence,
  deleteTenantAmSilence,
  getAmSilence,
  getAmStatus,
  getTenantAmSilence,
  getTenantAmStatus,
  listAmAlertGroups,
  listAmAlerts,
  listAmReceivers,
  listAmSilences,
  listTenantAmAlertGroups,
  listTenantAmAlerts,
  listTenantAmReceivers,
  listTenantAmSilences,
  postAmAlerts,
  postAmSilences,
  postTenantAmAlerts,
  postTenantAmSilences,
  type RouteContract,
  type Scope,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { mountRawRoute, type RouteContext, type Routes } from '@signalbox/http';
import type { z } from 'zod';
import type { Doer } from '../audit/tell-audit.ts';
import { matchesAll } from '../matchers/matcher.ts';
import { compareSilences, hasMatchers, SilenceError, silenceState } from '../silences/silence.ts';
import { AmRefusal, malformed, meaningless } from './am-refusal.ts';
import type { AmBackend } from './am-backend.ts';
import { formatGoTime } from './go-time.ts';
import { carriedLabels, listAlertGroups, listAlerts } from './list-alerts.ts';
import { presentSilence } from './present-silence.ts';
import { readPostedAlerts } from './read-posted-alerts.ts';
import { readPostedSilence } from './read-posted-silence.ts';
import { readFilter, readFlag, type AmQuery } from './read-query.ts';

export interface AmRoutesOptions {
  backend: AmBackend;
  /** What of it is a cluster, to those who ask. */
  cluster: { status: 'ready' | 'disabled'; name?: string; peers: { name: string; address: string }[] };
  startedAt: Date;
  /** Where the API lies instead of `/alertmanager/api/v2`, for one tenant alone. */
  mount?: string;
}

interface Call {
  tenantId: string;
  doer: Doer;
  params: Readonly<Record<string, string>>;
  query: AmQuery;
  body: unknown;
  now: Date;
}

type AmContract = RouteContract<z.ZodType, z.ZodType, z.ZodType, z.ZodType, Scope>;

/** Below this version of Alertmanager's clients nothing is missing. What runs is Signalbox, and says so. */
const version = '0.34.0+signalbox';
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Mounts Alertmanager's API v2 for all tenants, at both of its places, or for one at a place of its own. */
export function mountAlertmanagerRoutes(
  routes: Routes,
  { backend, cluster, startedAt, mount: place }: AmRoutesOptions,
): void {
  /** `null`: 200 without a body. */
  const mount = (contracts: readonly AmContract[], handle: (call: Call) => Promise<unknown>): void => {
    for (const contract of place === undefined ? contracts : contracts.slice(0, 1))
      mountRawRoute(routes, placed(contract, place), async (context) => {
        await answer(context, handle);
      });
  };

  mount([getAmStatus, getTenantAmStatus], async ({ tenantId }) => ({
    cluster,
    config: { original: (await backend.configurationOf(tenantId)).shown },
    uptime: formatGoTime(startedAt),
    versionInfo: { branch: '', buildDate: '', buildUser: '', goVersion: '', revision: '', version },
  }));

  mount([listAmReceivers, listTenantAmReceivers], async ({ tenantId, query }) => {
    const wanted = readFilter(query, 'receiver_matchers');
    const { receivers } = await backend.configurationOf(tenantId);
    return [...receivers.values()]
      .filter(({ labels }) => matchesAll(wanted, labels))
      .map(({ name, labels }) => (Object.keys(labels).length === 0 ? { name } : { name, labels }));
  });

  mount([listAmAlertGroups, listTenantAmAlertGroups], async ({ tenantId, query, now }) =>
    listAlertGroups(query, await backend.surroundingsOf(tenantId, now, carriedLabels(query))),
  );
  mount([listAmAlerts, listTenantAmAlerts], async ({ tenantId, query, now }) =>
    listAlerts(query, await backend.surroundingsOf(tenantId, now, carriedLabels(query))),
  );
  mount([postAmAlerts, postTenantAmAlerts], async ({ tenantId, body, now }) => {
    const { resolveTimeoutMs } = await backend.configurationOf(tenantId);
    const { alerts, refusal } = readPostedAlerts(body, { now, resolveTimeoutMs });
    if (alerts.length > 0) await backend.ingest(tenantId, alerts, now);
    if (refusal !== null) throw meaningless(refusal);
    return null;
  });

  mount([listAmSilences, listTenantAmSilences], async ({ tenantId, query, now }) => {
    const filter = readFilter(query);
    const states = (['active', 'pending', 'expired'] as const).filter((state) => readFlag(query, state));
    const silences = await backend.listSilences(tenantId, now);
    return silences
      .filter((silence) => states.includes(silenceState(silence, now)) && hasMatchers(silence, filter))
      .sort((a, b) => compareSilences(a, b, now))
      .map((silence) => presentSilence(silence, now));
  });
  mount([postAmSilences, postTenantAmSilences], async ({ doer, body, now }) => {
    const input = readPostedSilence(body, now);
    if (input.id !== null && !uuid.test(input.id)) throw new AmRefusal(404, 'silence not found');
    try {
      const silence = await backend.changeSilences.set(doer, input, now);
      if (silence === null) throw new AmRefusal(404, 'silence not found');
      return { silenceID: silence.id };
    } catch (thrown) {
      if (thrown instanceof SilenceError) throw meaningless(thrown.message);
      throw thrown;
    }
  });
  mount([getAmSilence, getTenantAmSilence], async ({ tenantId, params, now }) => {
    const silence = await backend.findSilence(tenantId, silenceIdOf(params), now);
    if (silence === null) throw new AmRefusal(404, null);
    return presentSilence(silence, now);
  });
  mount([deleteAmSilence, deleteTenantAmSilence], async ({ doer, params, now }) => {
    if (await backend.changeSilences.end(doer, silenceIdOf(params), now)) return null;
    throw new AmRefusal(404, null);
  });
}

function placed(contract: AmContract, place: string | undefined): AmContract {
  if (place === undefined) return contract;
  return { ...contract, path: contract.path.replace('/alertmanager/api/v2', place) };
}

async function answer(context: RouteContext<AmContract>, handle: (call: Call) => Promise<unknown>): Promise<void> {
  const params = context.params as Readonly<Record<string, string>>;
  const { principal, requestId } = context;
  const { tenantId } = principal;
  // Another tenant's is as absent as one that never was.
  if (params['tenant'] !== undefined && params['tenant'] !== tenantId) throw new AppError('not_found');
  try {
    const { query, body } = context;
    const doer = { principal, requestId };
    send(context, 200, await handle({ tenantId, doer, params, query: query as AmQuery, body, now: new Date() }));
  } catch (thrown) {
    if (!(thrown instanceof AmRefusal)) throw thrown;
    send(context, thrown.status, thrown.body);
  }
}

function send({ response }: RouteContext<AmContract>, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('Cache-Control', 'no-store');
  if (body === null) {
    response.end();
    return;
  }
  const text = `${JSON.stringify(body)}\n`;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}

function silenceIdOf({ id = '' }: Readonly<Record<string, string>>): string {
  if (!uuid.test(id)) throw malformed('silenceID', 'path', 'uuid', id);
  return id.toLowerCase();
}
