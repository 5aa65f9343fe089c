import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import {
  createRoutes,
  createService,
  errorHandler,
  notFoundHandler,
  startServer,
  type RunningServer,
} from '@signalbox/http';
import { newId } from '@signalbox/ids';
import { migrateToLatest, openDatabase } from '@signalbox/postgres';
import { createMetrics, type Logger } from '@signalbox/telemetry';
import { migrations } from '../../migrations/index.ts';
import { openBackend } from '../alertmanager/open-backend.ts';
import { postAlerts } from '../alertmanager/post-alerts.ts';
import type { AlertmanagerFlags } from '../alertmanager/read-flags.ts';
import { mountAlertmanagerRoutes } from '../alertmanager/routes.ts';
import { listFiringAlerts, pruneEndedAlerts } from '../alertmanager/shown-alert-store.ts';
import { reportOf } from '../alerts/report-alert.ts';
import type { AlertingConfiguration } from '../configuration/alerting-configuration.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import { readConfiguration } from '../configuration/read-configuration.ts';
import { createEnrolAlerts, createRegroupAlerts } from '../notifications/enrol-alerts.ts';
import { openChangeSilences } from '../silences/change-silences.ts';
import { startSweep } from '../sweeps/start-sweep.ts';
import { startSending } from './alertmanager-sending.ts';
import { mountProcessRoutes } from './alertmanager-process.ts';
import type { Schema } from './schema.ts';

export const programName = 'alertmanager';
/** Beside the mesh's own, in the same database or in another. */
const schema = 'alertmanager';
/** There is one tenant, to whom everything belongs. */
const tenantId = 'default';
const [pruneMs, endedKeptMs] = [600_000, 86_400_000];

export interface RunningAlertmanager {
  /** Where it listens, with the prefix of its paths. */
  readonly url: string;
  /** Reads the configuration again; what cannot be used is logged, told, and changes nothing. */
  reload(): Promise<{ kind: 'reloaded' } | { kind: 'refused'; reason: string }>;
}

export interface AlertmanagerOptions {
  flags: AlertmanagerFlags;
  /** Of a role that may create a schema, or owns the one called `alertmanager`. */
  databaseUrl: string;
  logger: Logger;
  owned: AsyncDisposableStack;
}

/** Starts the service by itself, in Alertmanager's stead; what it opens lies on `owned`, to be closed in reverse. */
export async function startAlertmanager({
  flags,
  databaseUrl,
  logger,
  owned,
}: AlertmanagerOptions): Promise<RunningAlertmanager> {
  const startedAt = new Date();
  if (flags.ignored.length > 0) logger.warn('flags.ignored', { flags: flags.ignored });
  let configuration = await load(flags.configFile, logger);
  await migrateToLatest({ url: databaseUrl, schema, migrations, logger });
  const metrics = createMetrics({ service: programName });
  const url = inSchema(databaseUrl);
  const database = owned.use(openDatabase<Schema>({ url, applicationName: programName, logger, metrics }));
  const { db } = database;

  const configurations: ConfigurationSource = { of: () => Promise.resolve(configuration) };
  const enrolAlerts = createEnrolAlerts(configurations);
  const regroupAlerts = createRegroupAlerts(enrolAlerts);
  const regroup = (): Promise<void> => db.transaction().execute((trx) => regroupAlerts(trx, tenantId, new Date()));
  // As after any start of Alertmanager, groups begin anew, and remember what they told.
  await regroup();

  // Nobody else listens here to what happens to alerts: they only have to be in their groups.
  const tell = createGroupTeller(enrolAlerts);
  let nudge = (): void => undefined;
  const backend = openBackend({
    db,
    configurations,
    ingest: async (tenant, alerts, now) => {
      await postAlerts({ db, tell }, tenant, alerts, now);
      nudge();
    },
    // There is no gateway here that would keep an audit log.
    changeSilences: openChangeSilences({ db, tellAudit: () => Promise.resolve(), nudge: () => undefined }),
    listAlerts: (tenant, now, carrying) => listFiringAlerts(db, tenant, now, carrying),
  });

  async function reload(): ReturnType<RunningAlertmanager['reload']> {
    try {
      configuration = await load(flags.configFile, logger);
    } catch (error) {
      logger.error('configuration.refused', { file: flags.configFile, error });
      return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) };
    }
    await regroup();
    nudge();
    return { kind: 'reloaded' };
  }

  const app = createService({ logger, metrics });
  const principal = { kind: 'service', principalId: programName, tenantId, scopes: ['*'] } as const;
  const routes = createRoutes({ router: app, identify: () => ({ principal, requestId: newId('req') }) });
  mountAlertmanagerRoutes(routes, {
    backend,
    cluster: clusterOf(flags.clusterAddress),
    startedAt,
    mount: `${flags.routePrefix}/api/v2`,
  });
  mountProcessRoutes(app, { prefix: flags.routePrefix, reload, metrics });
  app.use(notFoundHandler(), errorHandler(logger));

  const servers: RunningServer[] = [];
  for (const { host, port } of flags.listen)
    servers.push(owned.use(await listen({ app, host, port, logger, shutdownGraceMs: 5_000 })));
  const port = servers[0]?.port ?? 0;
  const sending = startSending(
    { db, configurations, regroupAlerts, externalUrl: flags.externalUrl ?? `http://${hostname()}:${port}`, logger },
    owned,
  );
  nudge = () => {
    sending.nudge();
  };
  owned.use(
    startSweep(() => pruneEndedAlerts(db, tenantId, new Date(Date.now() - endedKeptMs)), { everyMs: pruneMs, logger }),
  );
  logger.info('service.started', { url: servers.map((server) => server.url), file: flags.configFile });
  return { url: `http://127.0.0.1:${port}${flags.routePrefix}`, reload };
}

async function load(file: string, logger: Logger): Promise<AlertingConfiguration> {
  const configuration = readConfiguration(await readFile(file, 'utf8'));
  if (configuration.warnings.length > 0)
    logger.warn('configuration.ignored', { file, settings: configuration.warnings });
  return configuration;
}

function createGroupTeller(
  enrolAlerts: ReturnType<typeof createEnrolAlerts>,
): Parameters<typeof postAlerts>[0]['tell'] {
  return async (trx, tenant, told, now) => {
    const alerts = told.map(({ alert }) => ({ ...reportOf(alert), fingerprint: alert.fingerprint }));
    await enrolAlerts(trx, tenant, alerts, now);
  };
}

/** Go listens on every address of both families where none is named. */
async function listen(options: Parameters<typeof startServer>[0]): Promise<RunningServer> {
  if (options.host !== '') return startServer(options);
  try {
    return await startServer({ ...options, host: '::' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw error;
    return startServer({ ...options, host: '0.0.0.0' });
  }
}

function clusterOf(address: string | null): Parameters<typeof mountAlertmanagerRoutes>[1]['cluster'] {
  if (address === null) return { status: 'disabled', peers: [] };
  const name = newId('req').slice(4);
  return { status: 'ready', name, peers: [{ name, address }] };
}

function inSchema(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.searchParams.set('options', `-c search_path=${schema}`);
  return url.href;
}
