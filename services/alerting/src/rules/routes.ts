import {
  createAlertRule,
  deleteAlertRule,
  getAlertRule,
  listAlertRules,
  previewAlertRule,
  putAlertRules,
  testAlertRules,
  updateAlertRule,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, reply, type Routes } from '@signalbox/http';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import { addRule, applyRules, changeRule, removeRule, type ChangeRulesDeps } from './change-rules.ts';
import { playRule } from './preview-rule.ts';
import { readRules, readYaml } from './read-rules.ts';
import { getRule, listRuleRows } from './rule-store.ts';
import { msOf, presentRule, toSpec } from './rule.ts';
import type { Sources } from './sources.ts';
import { testRules } from './test-rules.ts';

export interface RuleRouteDeps extends ChangeRulesDeps {
  configurations: ConfigurationSource;
  sourcesOf: (tenantId: string) => Sources;
  /** Puts the rules of the start there for a tenant that is seen for the first time. */
  beginTenant: (tenantId: string) => Promise<void>;
  /** To be called after a commit that made rules due. */
  wake: () => void;
  nudge: () => void;
}

const hourMs = 3_600_000;
const previewMsMax = 7 * 24 * hourMs;
const previewMomentsMax = 720;

export function mountRuleRoutes(routes: Routes, deps: RuleRouteDeps): void {
  mountRules(routes, deps);
  mountTrials(routes, deps);
}

function mountRules(routes: Routes, deps: RuleRouteDeps): void {
  const { db, beginTenant, wake, nudge } = deps;
  const changed = (): void => {
    nudge();
    wake();
  };

  mountRoute(routes, createAlertRule, async ({ principal, requestId, body }) => {
    await beginTenant(principal.tenantId);
    const row = await addRule(deps, { principal, requestId }, body);
    changed();
    return reply(presentRule(row), { headers: { Location: `/api/v1/alert-rules/${row.id}` } });
  });

  mountRoute(routes, listAlertRules, async ({ principal, query }) => {
    await beginTenant(principal.tenantId);
    const list = listAlertRules.operationId;
    const start = pageStart(list, query, ['string']);
    const [name] = start.after ?? [];
    const stretch = { after: typeof name === 'string' ? name : null, backwards: start.backwards, limit: start.fetch };
    const rows = await listRuleRows(db, principal.tenantId, stretch);
    return keysetPage({ list, start, rows, keyOf: (row) => [row.name], present: presentRule });
  });

  mountRoute(routes, putAlertRules, async ({ principal, requestId, body }) => {
    await beginTenant(principal.tenantId);
    const applied = await applyRules(deps, { principal, requestId }, readRules(readYaml(body.yaml)));
    changed();
    return applied;
  });

  mountRoute(routes, getAlertRule, async ({ principal, params }) =>
    presentRule(await getRule(db, principal.tenantId, params.id)),
  );

  mountRoute(routes, updateAlertRule, async ({ principal, requestId, params, body }) => {
    const row = await changeRule(deps, { principal, requestId }, params.id, body);
    changed();
    return presentRule(row);
  });

  mountRoute(routes, deleteAlertRule, async ({ principal, requestId, params }) => {
    await removeRule(deps, { principal, requestId }, params.id);
    changed();
    return undefined;
  });
}

function mountTrials(routes: Routes, { db, configurations, sourcesOf }: RuleRouteDeps): void {
  mountRoute(routes, previewAlertRule, async ({ principal, body }) => {
    const spec = toSpec(body.rule, 'rule');
    const to = body.to === undefined ? Date.now() : Date.parse(body.to);
    const from = body.from === undefined ? to - hourMs : Date.parse(body.from);
    if (from >= to) throw invalid('to', 'Expected a moment after `from`.');
    if (to - from > previewMsMax) throw invalid('from', 'Expected at most a week.');
    const intervalMs = Math.max(msOf(spec.interval), Math.ceil((to - from) / previewMomentsMax / 1_000) * 1_000);
    const slots = Array.from(
      { length: Math.floor((to - from) / intervalMs) + 1 },
      (_, index) => new Date(to - index * intervalMs),
    ).reverse();
    const played = await playRule({ spec, sources: sourcesOf(principal.tenantId) }, slots);
    const names = new Map(played.at(-1)?.alerts.map((alert) => [alert.fingerprint, alert.labels]) ?? []);
    return {
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      interval: `${String(intervalMs / 1_000)}s`,
      alerts: [...names].map(([fingerprint, labels]) => ({
        labels,
        points: played.flatMap(({ at, alerts }) => {
          const alert = alerts.find((one) => one.fingerprint === fingerprint);
          if (alert === undefined) return [];
          const { value, state, severity } = alert;
          return [{ at: at.toISOString(), value, state, severity }];
        }),
      })),
    };
  });

  mountRoute(routes, testAlertRules, async ({ principal, body }) => {
    const { route } = await configurations.of(db, principal.tenantId);
    const tests = await testRules(readYaml(body.yaml), route);
    return { passed: tests.every(({ passed }) => passed), tests };
  });
}

function invalid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}
