import { getAlertingConfiguration, putAlertingConfiguration } from '@signalbox/contracts';
import { mountRoute, type RouteAnswerOf, type Routes } from '@signalbox/http';
import type { AlertingConfiguration } from './alerting-configuration.ts';
import { changeConfiguration, type ChangeConfigurationDeps } from './change-configuration.ts';
import type { ConfigurationSource } from './configuration-source.ts';
import { findConfiguration, type ConfigurationRow } from './configuration-store.ts';

export interface ConfigurationRoutesDeps extends ChangeConfigurationDeps {
  configurations: ConfigurationSource;
  nudge: () => void;
}

export function mountConfigurationRoutes(routes: Routes, deps: ConfigurationRoutesDeps): void {
  const { db, configurations, nudge } = deps;
  mountRoute(routes, getAlertingConfiguration, async ({ principal: { tenantId } }) =>
    present(await configurations.of(db, tenantId), await findConfiguration(db, tenantId)),
  );

  mountRoute(routes, putAlertingConfiguration, async ({ principal, requestId, body }) => {
    const change = { original: body.original, expected: body.revision ?? null };
    const { row, configuration } = await changeConfiguration(deps, { principal, requestId }, change, new Date());
    nudge();
    return present(configuration, row);
  });
}

function present(
  { shown, warnings }: AlertingConfiguration,
  row: ConfigurationRow | null,
): RouteAnswerOf<typeof getAlertingConfiguration> {
  return {
    original: shown,
    revision: row?.revision ?? 0,
    warnings: [...warnings],
    updated_at: row?.updatedAt.toISOString() ?? null,
    updated_by: row?.updatedBy ?? null,
  };
}
