import { find, inEachOverlay, unkept, type Facts, type Point } from '../facts.ts';
import { at, listAt, numberAt, textAt, type Json } from '../json.ts';
import { nameOf } from '../manifest.ts';
import { parse } from 'yaml';

/** What is scraped, what is watched, and what was promised. */
export const watchingPoints: readonly Point[] = [
  inEachOverlay(21, 'every service is scraped on its admin port, with a bound', (overlay, { services }) => {
    if (!overlay.isOperated) return [];
    return services.flatMap(({ name }) => {
      const monitor = find(overlay, 'ServiceMonitor', name);
      if (monitor === undefined) return [`ServiceMonitor ${name} is not there`];
      const [endpoint] = listAt(monitor, 'spec.endpoints');
      return unkept(nameOf(monitor), [
        [textAt(endpoint, 'port') === 'admin', 'scrapes the admin port'],
        [at(endpoint, 'honorLabels') === false, 'honorLabels must be false'],
        [numberAt(monitor, 'spec.sampleLimit') !== null, 'set sampleLimit'],
        [
          listAt(endpoint, 'metricRelabelings').some((rule) => textAt(rule, 'action') === 'drop'),
          'drops what nobody looks at',
        ],
      ]);
    });
  }),
  {
    number: 22,
    promise: 'every alert says how bad it is, whose it is and what to do, and budgets burn in three windows',
    problems: (facts) => {
      const alerts = alertsOf(facts);
      const paths = new Set(facts.files.map(({ path }) => path));
      const text = JSON.stringify(alerts);
      return [
        ...unkept('the rules', [
          [alerts.length > 0, 'there are none'],
          [/14\.4/.test(text) && /"severity":"page"/.test(text), 'a page at 14.4 times the budget'],
          [/[^.\d]6 \*/.test(text), 'a page at 6 times the budget'],
          [/rate3d/.test(text) && /"severity":"ticket"/.test(text), 'a ticket at the budget itself over three days'],
          [/absent/.test(text), 'guards for what is not there'],
        ]),
        ...alerts.flatMap((alert) => {
          const page = /\/(docs\/runbooks\/[\w-]+\.md)$/.exec(textAt(alert, 'annotations.runbook_url'))?.[1] ?? '';
          return unkept(`alert ${textAt(alert, 'alert')}`, [
            [paths.has(page), 'runbook_url leads to a page of docs/runbooks'],
            [['page', 'ticket'].includes(textAt(alert, 'labels.severity')), 'severity is page or ticket'],
            [textAt(alert, 'labels.team') !== '', 'label team'],
            [textAt(alert, 'annotations.summary') !== '', 'annotation summary'],
          ]);
        }),
      ];
    },
  },
  {
    number: 23,
    promise: 'the dashboards are there, made by code',
    problems: ({ files }) => {
      const boards = files
        .filter(({ path }) => /^infra\/watching\/grafana\/dashboards\/[\w-]+\.json$/.test(path))
        .map(({ text }) => textAt(JSON.parse(text) as Json, 'title'));
      return ['Agent Performance', 'Cost Tracking', 'System Health', 'Queues']
        .filter((title) => !boards.includes(title))
        .map((title) => `there is no dashboard ${title}`);
    },
  },
  {
    number: 35,
    promise: 'every service has its objective written down: what, how much, whose, and what if not',
    problems: ({ files, services }) =>
      services.flatMap(({ name }) => {
        const text = files.find(({ path }) => path === `docs/slo/${name}.md`)?.text;
        if (text === undefined) return [`docs/slo/${name}.md is not there`];
        return ['Indicator', 'Target', 'Window', 'Owner', 'When the budget is spent']
          .filter((heading) => !text.includes(`**${heading}**`))
          .map((heading) => `docs/slo/${name}.md: says no ${heading}`);
      }),
  },
];

/** The alerts of the files of rules. */
function alertsOf({ files }: Facts): Json[] {
  return files
    .filter(({ path }) => /^infra\/watching\/rules\/[\w-]+\.yaml$/.test(path))
    .flatMap(({ text }) => listAt(parse(text) as Json, 'groups'))
    .flatMap((group) => listAt(group, 'rules'))
    .filter((rule) => textAt(rule, 'alert') !== '');
}
