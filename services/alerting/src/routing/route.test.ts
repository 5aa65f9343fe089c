import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readConfiguration } from '../configuration/read-configuration.ts';
import { parseDuration } from '../configuration/duration.ts';
import type { LabelSet } from '../labels/label-set.ts';
import { allRoutesOf, defaultRouteOptions, groupKeyOf, groupLabelsOf, matchRoutes, type Route } from './route.ts';

const { route_match: vectors } = JSON.parse(
  readFileSync(new URL('../../test/vectors/am-unit-vectors.json', import.meta.url), 'utf8'),
) as {
  route_match: {
    cases: {
      labels: LabelSet;
      receivers: string[];
      group_by?: string[][];
      group_wait?: string[];
      group_by_all?: boolean[];
    }[];
    defaults: { group_wait: string; group_interval: string; repeat_interval: string };
  };
};

const tree = routesOf(`
  receiver: notify-def
  routes:
    - match: { owner: team-A }
      receiver: notify-A
      routes:
        - { match: { env: testing }, receiver: notify-testing, group_by: ['...'] }
        - { match: { env: production }, receiver: notify-productionA, group_wait: 1m, continue: true }
        - match_re: { env: produ.*, job: .* }
          receiver: notify-productionB
          group_wait: 30s
          group_interval: 5m
          repeat_interval: 1h
          group_by: [job]
    - { match_re: { owner: team-(B|C) }, group_by: [foo, bar], group_wait: 2m, receiver: notify-BC }
    - match: { group_by: role }
      group_by: [role]
      routes:
        - match: { env: testing }
          receiver: notify-testing
          routes: [{ match: { wait: long }, group_wait: 2m }]
`);

function routesOf(route: string): Route {
  const receivers = [
    'notify-def',
    'notify-A',
    'notify-testing',
    'notify-productionA',
    'notify-productionB',
    'notify-BC',
  ];
  return readConfiguration(`route:${route}\nreceivers: [${receivers.map((name) => `{ name: ${name} }`).join(', ')}]`)
    .route;
}

describe('routing (MX-13, B-45)', () => {
  it('leads the alerts of the 8 cases to the same receivers, grouped and timed alike', () => {
    expect(vectors.cases).toHaveLength(8);
    for (const { labels, receivers, group_by: groupBy, group_wait: wait, group_by_all: all } of vectors.cases) {
      const ends = matchRoutes(tree, labels);
      expect([labels, ends.map(({ receiver }) => receiver)]).toEqual([labels, receivers]);
      if (groupBy !== undefined)
        expect(ends.map((route) => (route.groupBy === 'all' ? [] : route.groupBy).toSorted())).toEqual(groupBy);
      if (all !== undefined) expect(ends.map((route) => route.groupBy === 'all')).toEqual(all);
      if (wait !== undefined) expect(ends.map((route) => route.groupWaitMs)).toEqual(wait.map(parseDuration));
    }
    expect(defaultRouteOptions).toMatchObject({
      groupWaitMs: parseDuration(vectors.defaults.group_wait),
      groupIntervalMs: parseDuration(vectors.defaults.group_interval),
      repeatIntervalMs: parseDuration(vectors.defaults.repeat_interval),
    });
  });

  it('names each node by the matchers that lead to it, and tells apart those with the same', () => {
    const keys = (labels: LabelSet): string[] => matchRoutes(tree, labels).map(({ key }) => key);
    expect(keys({ owner: 'team-C' })).toEqual(['{}/{owner=~"^(?:team-(B|C))$"}']);
    expect(keys({ owner: 'team-A', env: 'production' })).toEqual([
      '{}/{owner="team-A"}/{env="production"}',
      '{}/{owner="team-A"}/{env=~"^(?:produ.*)$",job=~"^(?:.*)$"}',
    ]);
    const twins = routesOf(`
  receiver: notify-def
  routes: [{ matchers: [a="b"], continue: true }, { matchers: ['{level!="x",a="b"}'] }, { matchers: [a="b"] }]`);
    expect(allRoutesOf(twins).map(({ key }) => key)).toEqual([
      '{}',
      '{}/{a="b"}',
      '{}/{a="b",level!="x"}',
      '{}/{a="b"}',
    ]);
    expect(new Set(allRoutesOf(twins).map(({ id }) => id)).size).toBe(4);
  });

  it('hands options down, except the hours and `continue`', () => {
    const inherited = readConfiguration(`
route:
  receiver: a
  group_by: ['...']
  routes:
    - matchers: [x="1"]
      mute_time_intervals: [nights]
      group_interval: 1500ms
      continue: true
      routes:
        - matchers: [y="1"]
        - { matchers: [z="1"], group_by: [z] }
receivers: [{ name: a }]
time_intervals: [{ name: nights, time_intervals: [{ times: [{ start_time: '22:00', end_time: '24:00' }] }] }]
`).route;
    const [child] = inherited.routes;
    expect(child).toMatchObject({
      groupBy: 'all',
      groupIntervalMs: 1_500,
      muteTimeIntervals: ['nights'],
      continue: true,
    });
    expect(child?.routes).toMatchObject([
      { groupBy: 'all', groupIntervalMs: 1_500, muteTimeIntervals: [], continue: false },
      { groupBy: ['z'] },
    ]);
  });

  it('takes a node only if none of its children does, and its siblings only if it says so', () => {
    const receivers = (labels: LabelSet) => matchRoutes(tree, labels).map(({ receiver }) => receiver);
    expect(receivers({ owner: 'team-A', env: 'production', group_by: 'role' })).toEqual([
      'notify-productionA',
      'notify-productionB',
    ]);
    expect(receivers({})).toEqual(['notify-def']);
  });

  it('groups by the labels that an alert has, and writes them into the key of its group', () => {
    const labels = { alertname: 'LatencyHigh', tenant: 'acme', model: 'm1' };
    const grouped = groupLabelsOf({ groupBy: ['tenant', 'alertname', 'zone'] }, labels);
    expect(groupKeyOf({ key: '{}' }, grouped)).toBe('{}:{alertname="LatencyHigh", tenant="acme"}');
    expect(groupLabelsOf({ groupBy: 'all' }, labels)).toEqual(labels);
    expect(groupKeyOf({ key: '{}' }, groupLabelsOf({ groupBy: [] }, labels))).toBe('{}:{}');
  });
});
