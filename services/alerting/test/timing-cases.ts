import type { LabelSet } from '../src/labels/label-set.ts';

/** An alert as a case writes it; moments are seconds since its begin. */
export interface CaseAlert {
  labels: LabelSet;
  annotations?: LabelSet;
  startsAt?: number;
  endsAt?: number;
}

export type CaseStep =
  | { at: number; push: CaseAlert[] }
  | { at: number; silence: string; matches: string; from: number; to: number }
  | { at: number; expire: string }
  | { at: number; reload: true };

/** What a webhook is told between two moments: exactly these alerts, in any order. Nothing else arrives up to the last. */
export interface CaseWant {
  hook: string;
  from: number;
  to: number;
  alerts: CaseAlert[];
}

export interface TimingCase {
  name: string;
  /** Alertmanager's configuration; `http://hook-a/` stands for the address of the webhook `hook-a`. */
  configuration: string;
  steps: CaseStep[];
  wants: CaseWant[];
  /** Until when it is watched. */
  until: number;
}

function configuration(route: string, { hooks = ['  - url: http://hook-a/'], more = '' } = {}): string {
  return `route:\n  receiver: default\n${route}\nreceivers:\n- name: default\n  webhook_configs:\n${hooks.join('\n')}\n${more}`;
}

const alert = (alertname: string, more: Partial<CaseAlert> & { labels?: LabelSet } = {}): CaseAlert => ({
  ...more,
  labels: { alertname, ...more.labels },
});
const want = (from: number, alerts: CaseAlert[], hook = 'hook-a', to = from + 0.5): CaseWant => ({
  hook,
  from,
  to,
  alerts,
});

const everySecond = '  group_by: []\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1ms';
const api = { job: 'api', zone: 'aa' };
const jobDown = `inhibit_rules:
- source_match: { alertname: JobDown }
  target_match: { alertname: InstanceDown }
  equal: [job, zone]`;

/**
 * What Alertmanager does when, measured on the real one. Its own acceptance tests are about the same behaviour; the times,
 * the labels and the failing receivers are chosen here.
 */
export const timingCases: readonly TimingCase[] = [
  {
    name: 'merges reports of one alert, and begins anew after its end',
    configuration: configuration(
      '  group_by: [alertname]\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1ms',
    ),
    steps: [
      { at: 1, push: [alert('m', { startsAt: 1.1 })] },
      { at: 1.2, push: [alert('m', { startsAt: 1 })] },
      { at: 2.1, push: [alert('m', { startsAt: 2, annotations: { note: 'one' } })] },
      { at: 3.6, push: [alert('m', { startsAt: 1.5, annotations: { note: 'two' } })] },
      { at: 4.6, push: [alert('m', { startsAt: 3, endsAt: 4.5, annotations: { note: 'two' } })] },
      { at: 4.7, push: [alert('m', { startsAt: 2.9, endsAt: 4.7, annotations: { note: 'three' } })] },
      { at: 4.8, push: [alert('m', { startsAt: 2.9, endsAt: 4.1, annotations: { note: 'three' } })] },
      { at: 5.3, push: [alert('m')] },
    ],
    wants: [
      want(2, [alert('m', { startsAt: 1 })]),
      want(3, [alert('m', { startsAt: 1, annotations: { note: 'one' } })]),
      want(4, [alert('m', { startsAt: 1, annotations: { note: 'two' } })]),
      want(5, [alert('m', { startsAt: 1, endsAt: 4.7, annotations: { note: 'three' } })]),
      want(6, [alert('m', { startsAt: 5.3 })]),
    ],
    until: 6.7,
  },
  {
    name: 'repeats while it fires, and tells its end once',
    configuration: configuration(
      '  group_by: [alertname]\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1ms',
    ),
    steps: [
      { at: 1, push: [alert('r', { startsAt: 1 })] },
      { at: 3.5, push: [alert('r', { startsAt: 1, endsAt: 3 })] },
    ],
    wants: [
      want(2, [alert('r', { startsAt: 1 })]),
      want(3, [alert('r', { startsAt: 1 })]),
      want(4, [alert('r', { startsAt: 1, endsAt: 3 })]),
    ],
    until: 6.5,
  },
  {
    name: 'tells what belongs together at once, and again only after the repeat interval',
    configuration: configuration('  group_by: []\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 2900ms'),
    steps: [
      { at: 1.1, push: [alert('b1', { startsAt: 1 })] },
      { at: 1.7, push: [alert('b2', { startsAt: 1 })] },
      { at: 3.3, push: [alert('b3', { startsAt: 1.5 }), alert('b4', { startsAt: 1.6 })] },
    ],
    wants: [
      want(2.1, [alert('b1', { startsAt: 1 }), alert('b2', { startsAt: 1 })]),
      want(4.1, [
        alert('b1', { startsAt: 1 }),
        alert('b2', { startsAt: 1 }),
        alert('b3', { startsAt: 1.5 }),
        alert('b4', { startsAt: 1.6 }),
      ]),
      want(7.1, [
        alert('b1', { startsAt: 1 }),
        alert('b2', { startsAt: 1 }),
        alert('b3', { startsAt: 1.5 }),
        alert('b4', { startsAt: 1.6 }),
      ]),
    ],
    until: 8.5,
  },
  {
    name: 'ends by itself what is not reported any more',
    configuration: `global: { resolve_timeout: 3s }\n${configuration('  group_by: [alertname]\n  group_wait: 1s\n  group_interval: 2s')}`,
    steps: [{ at: 1, push: [alert('t', { labels: { n: '1' } }), alert('t', { labels: { n: '2' } })] }],
    wants: [
      want(2, [alert('t', { labels: { n: '1' }, startsAt: 1 }), alert('t', { labels: { n: '2' }, startsAt: 1 })]),
      want(4, [
        alert('t', { labels: { n: '1' }, startsAt: 1, endsAt: 4 }),
        alert('t', { labels: { n: '2' }, startsAt: 1, endsAt: 4 }),
      ]),
    ],
    until: 6.8,
  },
  {
    name: 'keeps in mind what it told each receiver, also one that is not told of ends',
    configuration: `global: { resolve_timeout: 8s }\n${configuration(
      '  group_by: [alertname]\n  group_wait: 1s\n  group_interval: 3s',
      {
        hooks: [
          '  - { url: http://hook-a/, send_resolved: true }',
          '  - { url: http://hook-b/, send_resolved: false }',
        ],
      },
    )}`,
    steps: [
      { at: 1, push: [alert('f', { labels: { n: '1' } }), alert('f', { labels: { n: '2' } })] },
      { at: 3, push: [alert('f', { labels: { n: '1' }, startsAt: 1, endsAt: 4 }), alert('f', { labels: { n: '3' } })] },
      { at: 6, push: [alert('f', { labels: { n: '3' }, startsAt: 3 })] },
    ],
    wants: [
      want(2, [alert('f', { labels: { n: '1' }, startsAt: 1 }), alert('f', { labels: { n: '2' }, startsAt: 1 })]),
      want(5, [
        alert('f', { labels: { n: '1' }, startsAt: 1, endsAt: 4 }),
        alert('f', { labels: { n: '2' }, startsAt: 1 }),
        alert('f', { labels: { n: '3' }, startsAt: 3 }),
      ]),
      want(11, [
        alert('f', { labels: { n: '2' }, startsAt: 1, endsAt: 9 }),
        alert('f', { labels: { n: '3' }, startsAt: 3 }),
      ]),
      want(
        2,
        [alert('f', { labels: { n: '1' }, startsAt: 1 }), alert('f', { labels: { n: '2' }, startsAt: 1 })],
        'hook-b',
      ),
      want(
        5,
        [alert('f', { labels: { n: '2' }, startsAt: 1 }), alert('f', { labels: { n: '3' }, startsAt: 3 })],
        'hook-b',
      ),
    ],
    until: 12.5,
  },
  {
    name: 'begins its rhythm anew when the configuration is read again, and forgets nothing that was told',
    configuration: configuration('  group_by: []\n  group_wait: 1s\n  group_interval: 4s\n  repeat_interval: 10m'),
    steps: [
      { at: 1, push: [alert('l1')] },
      { at: 3, reload: true },
      { at: 4, push: [alert('l2')] },
    ],
    wants: [
      want(2, [alert('l1', { startsAt: 1 })]),
      want(7, [alert('l1', { startsAt: 1 }), alert('l2', { startsAt: 4 })]),
    ],
    until: 8.5,
  },
  {
    name: 'tells at once of what has been firing for longer than the group waits',
    configuration: configuration('  group_by: []\n  group_wait: 2s\n  group_interval: 3s\n  repeat_interval: 10m'),
    steps: [
      { at: 1, push: [alert('w1', { startsAt: -5 })] },
      { at: 1.5, push: [alert('w2', { startsAt: -5 })] },
    ],
    wants: [
      want(1, [alert('w1', { startsAt: -5 })], 'hook-a', 1.4),
      want(4, [alert('w1', { startsAt: -5 }), alert('w2', { startsAt: -5 })]),
    ],
    until: 5.5,
  },
  {
    name: 'holds back a target while its source fires, and lets go of it at the next beat',
    configuration: configuration('  group_by: []\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1h', {
      more: jobDown,
    }),
    steps: [
      {
        at: 1,
        push: [
          alert('test', { labels: api }),
          alert('InstanceDown', { labels: api }),
          alert('InstanceDown', { labels: { ...api, zone: 'ab' } }),
        ],
      },
      { at: 2.2, push: [alert('JobDown', { labels: api })] },
      { at: 3.6, push: [alert('JobDown', { labels: api, startsAt: 2.2, endsAt: 3.6 })] },
    ],
    wants: [
      want(2, [
        alert('test', { labels: api, startsAt: 1 }),
        alert('InstanceDown', { labels: api, startsAt: 1 }),
        alert('InstanceDown', { labels: { ...api, zone: 'ab' }, startsAt: 1 }),
      ]),
      want(3, [
        alert('test', { labels: api, startsAt: 1 }),
        alert('InstanceDown', { labels: { ...api, zone: 'ab' }, startsAt: 1 }),
        alert('JobDown', { labels: api, startsAt: 2.2 }),
      ]),
      want(4, [
        alert('test', { labels: api, startsAt: 1 }),
        alert('InstanceDown', { labels: api, startsAt: 1 }),
        alert('InstanceDown', { labels: { ...api, zone: 'ab' }, startsAt: 1 }),
        alert('JobDown', { labels: api, startsAt: 2.2, endsAt: 3.6 }),
      ]),
    ],
    until: 5.8,
  },
  {
    name: 'goes on holding back while any of several equal sources fires',
    configuration: configuration(
      '  group_by: [alertname]\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1h',
      { more: jobDown },
    ),
    steps: [
      {
        at: 1,
        push: [
          alert('JobDown', { labels: { ...api, instance: 'x' }, startsAt: 1 }),
          alert('JobDown', { labels: { ...api, instance: 'y' }, startsAt: 1 }),
          alert('InstanceDown', { labels: api }),
        ],
      },
      { at: 2.5, push: [alert('JobDown', { labels: { ...api, instance: 'y' }, startsAt: 1, endsAt: 2.5 })] },
      { at: 4.5, push: [alert('JobDown', { labels: { ...api, instance: 'x' }, startsAt: 1, endsAt: 4.5 })] },
    ],
    wants: [
      want(2, [
        alert('JobDown', { labels: { ...api, instance: 'x' }, startsAt: 1 }),
        alert('JobDown', { labels: { ...api, instance: 'y' }, startsAt: 1 }),
      ]),
      want(3, [
        alert('JobDown', { labels: { ...api, instance: 'x' }, startsAt: 1 }),
        alert('JobDown', { labels: { ...api, instance: 'y' }, startsAt: 1, endsAt: 2.5 }),
      ]),
      want(5, [alert('JobDown', { labels: { ...api, instance: 'x' }, startsAt: 1, endsAt: 4.5 })]),
      want(5, [alert('InstanceDown', { labels: api, startsAt: 1 })]),
    ],
    until: 6.8,
  },
  {
    name: 'is silent for as long as a silence lasts',
    configuration: configuration(everySecond),
    steps: [
      { at: 1, push: [alert('s1', { startsAt: 1 }), alert('s2', { startsAt: 1 })] },
      { at: 2.3, silence: 'x', matches: 'alertname="s1"', from: 2.5, to: 4.5 },
    ],
    wants: [
      want(2, [alert('s1', { startsAt: 1 }), alert('s2', { startsAt: 1 })]),
      want(3, [alert('s2', { startsAt: 1 })]),
      want(4, [alert('s2', { startsAt: 1 })]),
      want(5, [alert('s1', { startsAt: 1 }), alert('s2', { startsAt: 1 })]),
    ],
    until: 5.8,
  },
  {
    name: 'speaks again at the beat after a silence was ended',
    configuration: configuration(everySecond),
    steps: [
      { at: 1, push: [alert('d1', { startsAt: 1 }), alert('d2', { startsAt: 1 })] },
      { at: 1.3, silence: 'x', matches: 'alertname=~".+"', from: 1.5, to: 100 },
      { at: 3.5, expire: 'x' },
    ],
    wants: [want(4, [alert('d1', { startsAt: 1 }), alert('d2', { startsAt: 1 })])],
    until: 4.8,
  },
  {
    name: 'keeps the beat of a group that became empty for a moment',
    configuration: configuration('  group_by: []\n  group_wait: 1s\n  group_interval: 3s\n  repeat_interval: 1h'),
    steps: [
      { at: 1, push: [alert('e', { startsAt: 1 })] },
      { at: 3, push: [alert('e', { startsAt: 1, endsAt: 3 })] },
      { at: 5.5, push: [alert('e', { startsAt: 5.5 })] },
    ],
    wants: [
      want(2, [alert('e', { startsAt: 1 })]),
      want(5, [alert('e', { startsAt: 1, endsAt: 3 })]),
      want(8, [alert('e', { startsAt: 5.5 })]),
    ],
    until: 9.5,
  },
  {
    name: 'never tells of an end whose beginning was not told',
    configuration: configuration('  group_by: []\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1h'),
    steps: [{ at: 1, push: [alert('n', { startsAt: 0.2, endsAt: 0.8 })] }],
    wants: [],
    until: 3.5,
  },
];
