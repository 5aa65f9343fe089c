import { formatLabelSet, type LabelSet } from '../labels/label-set.ts';
import { compareMatchers, formatMatchers, matchesAll, type Matcher } from '../matchers/matcher.ts';

/** What a route does with the alerts that end at it. */
export interface RouteOptions {
  readonly receiver: string;
  /** Alerts with the same values of these labels are told together; `all`: every alert for itself. */
  readonly groupBy: readonly string[] | 'all';
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
}

/** One node of a tree that leads alerts to receivers. */
export interface Route extends RouteOptions {
  /** The matchers from the root to here. Two nodes may have the same. */
  readonly key: string;
  /** Unlike `key`, unique in its tree. */
  readonly id: string;
  readonly matchers: readonly Matcher[];
  readonly continue: boolean;
  readonly routes: readonly Route[];
}

/** A node as it is written: what it leaves out it takes from the node above, except the time intervals and `continue`. */
export interface RouteDefinition extends Partial<RouteOptions> {
  readonly matchers?: readonly Matcher[];
  readonly continue?: boolean;
  readonly routes?: readonly RouteDefinition[];
}

export const defaultRouteOptions: RouteOptions = {
  receiver: '',
  groupBy: [],
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 14_400_000,
  muteTimeIntervals: [],
  activeTimeIntervals: [],
};

/** The tree of a written one, every node with all its options. */
export function buildRoutes(root: RouteDefinition): Route {
  return build(root, null, 0);
}

function build(written: RouteDefinition, parent: Route | null, index: number): Route {
  const above: RouteOptions = parent ?? defaultRouteOptions;
  const matchers = [...(written.matchers ?? [])].sort(compareMatchers);
  const step = formatMatchers(matchers);
  const node = {
    key: parent === null ? step : `${parent.key}/${step}`,
    id: parent === null ? step : `${parent.id}/${step}/${index}`,
    matchers,
    continue: written.continue ?? false,
    receiver: written.receiver ?? above.receiver,
    groupBy: written.groupBy ?? above.groupBy,
    groupWaitMs: written.groupWaitMs ?? above.groupWaitMs,
    groupIntervalMs: written.groupIntervalMs ?? above.groupIntervalMs,
    repeatIntervalMs: written.repeatIntervalMs ?? above.repeatIntervalMs,
    muteTimeIntervals: written.muteTimeIntervals ?? [],
    activeTimeIntervals: written.activeTimeIntervals ?? [],
    routes: [],
  };
  return { ...node, routes: (written.routes ?? []).map((child, position) => build(child, node, position)) };
}

/**
 * The routes at which an alert ends: depth first, from left to right. A child that matches takes it, and its siblings
 * behind it see it only if that child says `continue`; the node itself takes what none of its children did.
 */
export function matchRoutes(route: Route, labels: LabelSet): Route[] {
  if (!matchesAll(route.matchers, labels)) return [];
  const ends: Route[] = [];
  for (const child of route.routes) {
    const matched = matchRoutes(child, labels);
    ends.push(...matched);
    if (matched.length > 0 && !child.continue) break;
  }
  return ends.length > 0 ? ends : [route];
}

/** Every node, a parent before its children. */
export function allRoutesOf(route: Route): Route[] {
  return [route, ...route.routes.flatMap(allRoutesOf)];
}

/** The labels that an alert shares with the others of its group. One that it has not is left out. */
export function groupLabelsOf({ groupBy }: Pick<RouteOptions, 'groupBy'>, labels: LabelSet): LabelSet {
  if (groupBy === 'all') return labels;
  return Object.fromEntries(
    groupBy.flatMap((name) => {
      const value = labels[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** What names a group, also to PagerDuty and in webhooks: `{}/{owner="team-A"}:{alertname="LatencyHigh"}`. */
export function groupKeyOf({ key }: Pick<Route, 'key'>, groupLabels: LabelSet): string {
  return `${key}:${formatLabelSet(groupLabels)}`;
}
