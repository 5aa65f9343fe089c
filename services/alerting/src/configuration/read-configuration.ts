import { isScalar, parseDocument, visit, type Document } from 'yaml';
import type { z } from 'zod';
import type { InhibitRule } from '../inhibition/inhibit-rule.ts';
import { allRoutesOf, buildRoutes, type Route, type RouteDefinition } from '../routing/route.ts';
import type { TimeInterval } from '../time-intervals/time-interval.ts';
import { ConfigurationError, type AlertingConfiguration } from './alerting-configuration.ts';
import { buildReceiver, type Findings } from './build-receiver.ts';
import { ConfigurationSchema, type InhibitRuleSchema, type RouteSchema } from './configuration-schema.ts';
import { maskSecrets } from './mask-secrets.ts';
import type { Receiver } from './receiver.ts';

const charactersMax = 1_000_000;
const resolveTimeoutMsDefault = 300_000;

/**
 * Reads Alertmanager's configuration, together with what is ours in it (`channel_configs`). Throws `ConfigurationError`,
 * which names everything that is wrong and where; it repeats no secret.
 */
export function readConfiguration(yaml: string): AlertingConfiguration {
  const document = parse(yaml);
  const written = check(document);
  const findings: Findings = { problems: [], warnings: [] };
  const receivers = receiversOf(written, findings);
  const timeIntervals = timeIntervalsOf(written, findings);
  const route = routeOf(written, findings);
  if (route !== null) checkReferences(route, { receivers, timeIntervals }, findings);
  if (route === null || findings.problems.length > 0) throw new ConfigurationError(findings.problems);
  if ((written.templates ?? []).length > 0)
    findings.warnings.push('templates: have no effect; notifications are written in a form of their own.');
  maskSecrets(document);
  return {
    shown: document.toString({ lineWidth: 0 }),
    warnings: findings.warnings,
    resolveTimeoutMs: written.global?.resolve_timeout ?? resolveTimeoutMsDefault,
    route,
    receivers,
    inhibitRules: (written.inhibit_rules ?? []).map(inhibitRuleOf),
    timeIntervals,
  };
}

function parse(yaml: string): Document {
  if (yaml.length > charactersMax)
    throw new ConfigurationError([{ path: '', message: `expected at most ${charactersMax} characters` }]);
  // In this schema every scalar is the text that was written.
  const document = parseDocument(yaml, { schema: 'failsafe', uniqueKeys: true, prettyErrors: true });
  if (document.errors.length > 0)
    throw new ConfigurationError(
      // The first line says what and where; the rest repeats the text, secrets and all.
      document.errors.map(({ message }) => ({
        path: '',
        message: `yaml: ${message.split('\n', 1)[0]?.replace(/:$/, '') ?? ''}`,
      })),
    );
  return document;
}

function check(document: Document): ConfigurationSchema {
  const plain = plainOf(document);
  if (plain === null) throw new ConfigurationError([{ path: '', message: 'no route provided in config' }]);
  const checked = ConfigurationSchema.safeParse(plain);
  if (!checked.success) throw new ConfigurationError(checked.error.issues.flatMap((issue) => problemsOf(issue, plain)));
  return checked.data;
}

/** The values of a document. What is left empty (`routes:` and nothing behind it) is as good as not there. */
function plainOf(document: Document): unknown {
  const pruned = document.clone();
  visit(pruned, {
    Pair: (_key, { value }) => (isBlank(value) ? visit.REMOVE : undefined),
  });
  if (isBlank(pruned.contents)) return null;
  try {
    return pruned.toJS({ maxAliasCount: 100 });
  } catch {
    throw new ConfigurationError([{ path: '', message: 'yaml: aliases that lead nowhere, or too far' }]);
  }
}

function isBlank(node: unknown): boolean {
  if (node === null) return true;
  return isScalar(node) && node.type === 'PLAIN' && ['', '~', 'null'].includes(String(node.value));
}

function problemsOf(issue: z.core.$ZodIssue, plain: unknown): { path: string; message: string }[] {
  const at = (keys: readonly PropertyKey[]): string =>
    keys.reduce<string>((path, key) => {
      if (typeof key === 'number') return `${path}[${key}]`;
      return path === '' ? String(key) : `${path}.${String(key)}`;
    }, '');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: at([...issue.path, key]), message: unknownSetting(key) }));
  if (issue.code === 'invalid_key')
    return issue.issues.map(({ message }) => ({ path: at(issue.path.slice(0, -1)), message }));
  if (issue.code === 'invalid_type' && valueAt(plain, issue.path) === undefined)
    return [{ path: at(issue.path), message: 'is missing' }];
  return [{ path: at(issue.path), message: issue.message }];
}

function valueAt(plain: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], plain);
}

function unknownSetting(name: string): string {
  if (name.endsWith('_configs'))
    return 'this kind of receiver is not supported; use webhook_configs or channel_configs';
  if (name.endsWith('_file'))
    return 'settings are not read from other files; write the value itself, or use channel_configs';
  return 'this setting is not known';
}

function receiversOf({ receivers = [], global = {} }: ConfigurationSchema, findings: Findings): Map<string, Receiver> {
  const byName = new Map<string, Receiver>();
  for (const [index, written] of receivers.entries()) {
    const path = `receivers[${index}]`;
    if (byName.has(written.name))
      findings.problems.push({ path, message: `notification config name "${written.name}" is not unique` });
    byName.set(written.name, buildReceiver(written, global, path, findings));
  }
  return byName;
}

function timeIntervalsOf(
  { mute_time_intervals: mute = [], time_intervals: named = [] }: ConfigurationSchema,
  findings: Findings,
): Map<string, readonly TimeInterval[]> {
  const byName = new Map<string, readonly TimeInterval[]>();
  for (const { name, time_intervals: intervals } of [...mute, ...named]) {
    if (byName.has(name))
      findings.problems.push({ path: 'time_intervals', message: `time interval "${name}" is not unique` });
    byName.set(name, intervals);
  }
  return byName;
}

function routeOf({ route }: ConfigurationSchema, findings: Findings): Route | null {
  const refuse = (message: string): null => {
    findings.problems.push({ path: 'route', message });
    return null;
  };
  if (route === undefined) return refuse('no route provided in config');
  if ((route.receiver ?? '') === '') return refuse('root route must specify a default receiver');
  const definition = definitionOf(route);
  if ((definition.matchers ?? []).length > 0) return refuse('root route must not have any matchers');
  if ((route.mute_time_intervals ?? []).length > 0) return refuse('root route must not have any mute time intervals');
  if ((route.active_time_intervals ?? []).length > 0)
    return refuse('root route must not have any active time intervals');
  if (route.continue === true) return refuse('cannot have continue in root route');
  return buildRoutes(definition);
}

function definitionOf(written: RouteSchema): RouteDefinition {
  const { match = [], match_re: matchRe = [], matchers = [] } = written;
  const given = {
    receiver: written.receiver === '' ? undefined : written.receiver,
    groupBy: written.group_by,
    groupWaitMs: written.group_wait,
    groupIntervalMs: written.group_interval,
    repeatIntervalMs: written.repeat_interval,
    muteTimeIntervals: written.mute_time_intervals,
    activeTimeIntervals: written.active_time_intervals,
    continue: written.continue,
  };
  return {
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as RouteDefinition),
    matchers: [...match, ...matchRe, ...matchers],
    routes: (written.routes ?? []).map(definitionOf),
  };
}

function checkReferences(
  root: Route,
  known: { receivers: ReadonlyMap<string, unknown>; timeIntervals: ReadonlyMap<string, unknown> },
  findings: Findings,
): void {
  for (const route of allRoutesOf(root)) {
    const refuse = (message: string): unknown => findings.problems.push({ path: `route ${route.key}`, message });
    if (!known.receivers.has(route.receiver)) refuse(`undefined receiver "${route.receiver}" used in route`);
    for (const name of [...route.activeTimeIntervals, ...route.muteTimeIntervals])
      if (!known.timeIntervals.has(name)) refuse(`undefined time interval "${name}" used in route`);
  }
}

function inhibitRuleOf(written: InhibitRuleSchema): InhibitRule {
  return {
    source: [...(written.source_match ?? []), ...(written.source_match_re ?? []), ...(written.source_matchers ?? [])],
    target: [...(written.target_match ?? []), ...(written.target_match_re ?? []), ...(written.target_matchers ?? [])],
    equal: written.equal ?? [],
  };
}
