import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, defaultConfigurationText } from './alerting-configuration.ts';
import { parseDuration } from './duration.ts';
import { readConfiguration } from './read-configuration.ts';
import { integrationKey } from './receiver.ts';

const minimal = (more = '', route = ''): string => `
route:
  receiver: default
${route}
receivers:
- name: default
${more}`;

function refusal(yaml: string): string {
  try {
    readConfiguration(yaml);
    return 'taken';
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
}

describe('durations', () => {
  it('are read as Prometheus writes them, to the millisecond', () => {
    const written = ['1ms', '4900ms', '1s', '1h30m', '1d', '1w', '1y', '0', '1s500ms', '90s'];
    expect(written.map(parseDuration)).toEqual([
      1, 4_900, 1_000, 5_400_000, 86_400_000, 604_800_000, 31_536_000_000, 0, 1_500, 90_000,
    ]);
    expect(['', '5', '1.5s', '1m1h', '-1s', '1 s', 'x'].map(parseDuration)).toEqual(Array(7).fill(null));
  });
});

describe('a configuration (MX-13, B-45)', () => {
  it('is read with every default', () => {
    const { route, receivers, resolveTimeoutMs, warnings } = readConfiguration(minimal());
    expect(route).toMatchObject({
      receiver: 'default',
      groupBy: [],
      groupWaitMs: 30_000,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 14_400_000,
    });
    expect([...receivers.keys()]).toEqual(['default']);
    expect([resolveTimeoutMs, warnings]).toEqual([300_000, []]);
    expect(readConfiguration(defaultConfigurationText).receivers.get('default')?.integrations).toEqual([
      { kind: 'channel', index: 0, sendResolved: true, channel: '*' },
    ]);
  });

  it('reads what is plain in YAML: comments, anchors, numbers as texts, empty settings', () => {
    const { route, inhibitRules } = readConfiguration(`
# a comment
global:
  resolve_timeout: 10s
route: &r
  receiver: default
  group_by: ['alertname']
  routes:
  - match: { code: 500, shift: 007, flag: yes }
    continue: on
    repeat_interval: 1ms
  - matchers:
inhibit_rules:
- source_match: { alertname: JobDown }
  target_match_re: { alertname: Instance.* }
  target_matchers: [ severity=~"warning|info" ]
  equal: [job, zone]
receivers:
- name: default
`);
    expect(route.routes[0]?.matchers.map(({ name, value }) => [name, value])).toEqual([
      ['code', '500'],
      ['flag', 'yes'],
      ['shift', '007'],
    ]);
    expect(route.routes[0]).toMatchObject({ continue: true, repeatIntervalMs: 1 });
    expect(route.routes[1]?.matchers).toEqual([]);
    expect(inhibitRules[0]?.target.map(({ op, value }) => op + value)).toEqual([
      '=~^(?:Instance.*)$',
      '=~warning|info',
    ]);
    expect(inhibitRules[0]?.equal).toEqual(['job', 'zone']);
  });

  it('reads ways to tell, with what they take from the global settings', () => {
    const { receivers, warnings } = readConfiguration(`
global:
  slack_api_url: https://hooks.slack.example/T0/B0/x
  smtp_smarthost: 'localhost:2525'
  smtp_from: alerts@example.org
  smtp_require_tls: false
route: { receiver: all }
templates: ['*.tmpl']
receivers:
- name: all
  webhook_configs:
  - url: 'http://127.0.0.1:9/a?token=t'
    max_alerts: 5
    timeout: 3s
    http_config: { basic_auth: { username: u, password: p } }
  - { url: 'http://[::1]:9/', send_resolved: false, http_config: { authorization: { credentials: c } } }
  slack_configs: [{ channel: '#ml', title: '{{ .Status }}' }]
  email_configs: [{ to: 'a@example.org, b@example.org', send_resolved: true }]
  pagerduty_configs: [{ routing_key: R }]
  channel_configs: [{ channel: channel_1 }]
`);
    const integrations = receivers.get('all')?.integrations ?? [];
    expect(integrations.map(integrationKey)).toEqual([
      'channel[0]',
      'webhook[0]',
      'webhook[1]',
      'slack[0]',
      'email[0]',
      'pagerduty[0]',
    ]);
    expect(integrations.map(({ sendResolved }) => sendResolved)).toEqual([true, true, false, false, true, true]);
    expect(integrations[1]).toMatchObject({ alertsMax: 5, timeoutMs: 3_000, headers: { authorization: 'Basic dTpw' } });
    expect(integrations[2]).toMatchObject({ alertsMax: 0, timeoutMs: null, headers: { authorization: 'Bearer c' } });
    expect(integrations[3]).toMatchObject({ url: 'https://hooks.slack.example/T0/B0/x', channel: '#ml' });
    expect(integrations[4]).toMatchObject({
      to: ['a@example.org', 'b@example.org'],
      host: 'localhost',
      port: 2525,
      requireTls: false,
    });
    expect(integrations[5]).toMatchObject({ url: 'https://events.pagerduty.com/v2/enqueue' });
    expect(warnings).toEqual([
      'receivers[0].slack_configs[0]: title have no effect; notifications are written in a form of their own.',
      'templates: have no effect; notifications are written in a form of their own.',
    ]);
  });

  it('is shown without its secrets, and can be read as it is shown', () => {
    const { shown } = readConfiguration(`
global: { slack_api_url: https://hooks.slack.example/TOKEN1, smtp_auth_password: TOKEN2, smtp_smarthost: 'h:25', smtp_from: a@b.c }
route: { receiver: all }
receivers:
- name: all # kept
  webhook_configs:
  - url: http://127.0.0.1:9/TOKEN3?x=TOKEN4
    http_config: { authorization: { credentials: TOKEN5 }, http_headers: { x-key: { secrets: [TOKEN6] } } }
  - url: http://127.0.0.1:9/
  pagerduty_configs: [{ routing_key: TOKEN7 }]
`);
    expect(shown).not.toContain('TOKEN');
    expect(shown).toContain('# kept');
    expect(shown).toContain('http://127.0.0.1:9/<secret>');
    expect(shown).toMatch(/url: http:\/\/127\.0\.0\.1:9\/\n/);
  });

  it('names what is wrong and where, all of it at once', () => {
    expect(refusal('')).toBe('no route provided in config');
    expect(refusal('receivers: []')).toBe('route: no route provided in config');
    expect(refusal('- a')).toBe('expected a YAML document with route and receivers');
    expect(refusal('route: {receiver: x}')).toBe('route {}: undefined receiver "x" used in route');
    expect(refusal(minimal('', '  group_interval: 0s\n  repeat_interval: 0\n  group_wait: 5\n  foo: 1'))).toBe(
      [
        'route.group_wait: not a valid duration string: "5"',
        'route.group_interval: cannot be zero',
        'route.repeat_interval: cannot be zero',
        'route.foo: this setting is not known',
      ].join('\n'),
    );
    expect(refusal(minimal('', '  matchers: [a="b"]'))).toBe('route: root route must not have any matchers');
    expect(refusal(minimal('', '  continue: true'))).toBe('route: cannot have continue in root route');
    expect(refusal('route: {}\nreceivers: [{name: a}]')).toBe('route: root route must specify a default receiver');
    expect(refusal(minimal('', '  mute_time_intervals: [x]'))).toBe(
      'route: root route must not have any mute time intervals',
    );
    expect(refusal(minimal('', "  group_by: ['...', a]"))).toContain('cannot have wildcard group_by');
    expect(refusal(minimal('', '  group_by: [a, a]'))).toBe('route.group_by: duplicated label "a" in group_by');
    expect(refusal(minimal('', '  routes: [{ matchers: ["a=~["] }]'))).toBe(
      'route.routes[0].matchers: error parsing regexp: missing closing ]: `[)$`',
    );
    expect(refusal(minimal('', '  routes: [{ match: { bad-name: x } }]'))).toBe(
      'route.routes[0].match: invalid label name "bad-name"',
    );
    expect(refusal(minimal('', '  routes: [{ mute_time_intervals: [x] }]'))).toBe(
      'route {}/{}: undefined time interval "x" used in route',
    );
    expect(refusal(minimal('- name: default'))).toBe('receivers[1]: notification config name "default" is not unique');
    expect(refusal(minimal('  webhook_configs: [{}]'))).toBe('receivers[0].webhook_configs[0].url: is missing');
    expect(refusal(minimal("  webhook_configs: [{ url: 'ftp://x' }]"))).toContain('unsupported scheme "ftp" for URL');
    expect(refusal(minimal('  opsgenie_configs: [{}]'))).toBe(
      'receivers[0].opsgenie_configs: this kind of receiver is not supported; use webhook_configs or channel_configs',
    );
    expect(refusal(minimal('  email_configs: [{ to: a@b.c }]'))).toBe(
      'receivers[0].email_configs[0]: no global SMTP smarthost set',
    );
    expect(refusal('route: {receiver: "x')).toMatch(/^yaml: .* at line 1/);
    expect(refusal('a: 1\na: 2')).toMatch(/^yaml: Map keys must be unique at line 2/);
  });

  it('reads hours, and refuses those that can never be', () => {
    const interval = (written: string): string =>
      refusal(minimal(`time_intervals: [{ name: t, time_intervals: [{ ${written} }] }]`));
    const { timeIntervals } = readConfiguration(
      minimal(`time_intervals:
- name: t
  time_intervals:
  - times: [{ start_time: 09:00, end_time: 24:00 }]
    weekdays: ['monday:friday', Sunday]
    days_of_month: [1, '-3:-1']
    months: ['january:march', 12]
    years: ['2020:2022']
    location: Australia/Sydney`),
    );
    const range = (first: number, last = first) => ({ first, last });
    expect(timeIntervals.get('t')).toEqual([
      {
        times: [{ start: 540, end: 1440 }],
        weekdays: [range(1, 5), range(0)],
        daysOfMonth: [range(1), range(-3, -1)],
        months: [range(1, 3), range(12)],
        years: [range(2020, 2022)],
        location: 'Australia/Sydney',
      },
    ]);
    expect(interval('times: [{ start_time: "17:00", end_time: "09:00" }]')).toContain(
      'start time cannot be equal or greater',
    );
    expect(interval('times: [{ start_time: "9:00", end_time: "17:00" }]')).toContain("couldn't parse timestamp 9:00");
    expect(interval('weekdays: ["friday:monday"]')).toContain('start day cannot be before end day');
    expect(interval('weekdays: [fryday]')).toContain('fryday is not a valid weekday');
    expect(interval('days_of_month: ["32"]')).toContain('32 is not a valid day of the month');
    expect(interval('days_of_month: ["-1:-5"]')).toContain('end day -5 is always before start day -1');
    expect(interval('days_of_month: ["-5:5"]')).toContain('end day must be negative if start day is negative');
    expect(interval('months: ["march:january"]')).toContain('end month january is before start month march');
    expect(interval('years: ["2022:2020"]')).toContain('end year 2020 is before start year 2022');
    expect(interval('location: Mars/Olympus')).toContain('unknown time zone "Mars/Olympus"');
    expect(
      refusal(
        minimal(
          'time_intervals: [{ name: t, time_intervals: [] }]\nmute_time_intervals: [{ name: t, time_intervals: [] }]',
        ),
      ),
    ).toBe('time_intervals: time interval "t" is not unique');
  });

  it('is no way to exhaust whoever reads it', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'.split('').map(
        (name, index) =>
          `${name}: &${name} [${Array(9)
            .fill(`*${'abcdefgh'.charAt(index)}`)
            .join(',')}]`,
      ),
    ];
    expect(refusal(bomb.join('\n'))).toMatch(/aliases|not known/);
    expect(refusal(`a: ${'x'.repeat(1_000_001)}`)).toBe('expected at most 1000000 characters');
  });
});
