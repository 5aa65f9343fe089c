import { panel, stat, type Dashboard } from '../dashboard.ts';

const rate = '$__rate_interval';

/** LA-20, LA-21: what is spent, on what, and what holds it. */
export const costTracking: Dashboard = {
  uid: 'signalbox-costs',
  title: 'Cost Tracking',
  says: 'What is spent, by the price list, as it is committed. Whose it was, tenant by tenant, says /api/v1/costs/summary.',
  rows: [
    {
      title: 'Spent',
      panels: [
        stat(
          'Spent in an hour',
          'currencyUSD',
          'What the calls of the last hour cost.',
          'sum(increase(signalbox_chat_cost_usd_total[1h]))',
        ),
        panel('Spent by provider', 'currencyUSD', 'Dollars an hour, at the pace of now.', [
          `sum by (provider) (rate(signalbox_chat_cost_usd_total[${rate}])) * 3600`,
          '{{provider}}',
        ]),
        panel('Tokens by provider', 'ops', 'Tokens a second: what the cost comes from.', [
          `sum by (provider) (rate(signalbox_chat_tokens_total[${rate}]))`,
          '{{provider}}',
        ]),
      ],
    },
    {
      title: 'Counted',
      panels: [
        panel('Records', 'ops', 'Usage records a second, committed before their callers heard the end.', [
          `sum(rate(signalbox_usage_records_total[${rate}]))`,
          'records',
        ]),
        panel('Commit', 's', 'How long one statement takes, at the 95th percentile.', [
          `histogram_quantile(0.95, sum by (le) (rate(signalbox_usage_commit_duration_seconds_bucket[${rate}])))`,
          '95 %',
        ]),
        panel('Lost', 'short', 'Records that stand in the log only; it should be a line at zero.', [
          'sum(signalbox_usage_records_lost_total)',
          'lost',
        ]),
      ],
    },
  ],
};
