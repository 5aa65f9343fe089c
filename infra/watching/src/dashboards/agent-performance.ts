import { panel, stat, type Dashboard } from '../dashboard.ts';

const rate = '$__rate_interval';

/** LA-20: how the models answer, by provider. */
export const agentPerformance: Dashboard = {
  uid: 'signalbox-agents',
  title: 'Agent Performance',
  says: 'How fast and how well models answer, and what the router does about those that do not.',
  rows: [
    {
      title: 'Answers',
      panels: [
        panel('Calls', 'reqps', 'Calls to providers a second.', [
          `sum by (provider) (rate(signalbox_chat_calls_total[${rate}]))`,
          '{{provider}}',
        ]),
        panel('Calls that came out well', 'percentunit', 'The share of calls that ended with an answer.', [
          `sum by (provider) (rate(signalbox_chat_calls_total{outcome="ok"}[${rate}])) / sum by (provider) (rate(signalbox_chat_calls_total[${rate}]))`,
          '{{provider}}',
        ]),
        panel('Failed calls', 'reqps', 'What went wrong, in the words of the router.', [
          `sum by (provider, error) (rate(signalbox_chat_calls_total{outcome!="ok"}[${rate}]))`,
          '{{provider}} {{error}}',
        ]),
        panel(
          'Duration',
          's',
          'From the beginning of a call to its end.',
          [
            `histogram_quantile(0.5, sum by (le, provider) (rate(signalbox_chat_call_duration_seconds_bucket[${rate}])))`,
            '{{provider}} median',
          ],
          [
            `histogram_quantile(0.95, sum by (le, provider) (rate(signalbox_chat_call_duration_seconds_bucket[${rate}])))`,
            '{{provider}} 95 %',
          ],
        ),
        panel('First part of a stream', 's', 'How long a reader waits before anything comes, at the 95th percentile.', [
          `histogram_quantile(0.95, sum by (le, provider) (rate(signalbox_chat_first_token_seconds_bucket[${rate}])))`,
          '{{provider}}',
        ]),
        panel('Tokens', 'ops', 'Tokens a second, as the providers count them.', [
          `sum by (provider, kind) (rate(signalbox_chat_tokens_total[${rate}]))`,
          '{{provider}} {{kind}}',
        ]),
      ],
    },
    {
      title: 'What the router does about it',
      panels: [
        panel('Breakers', 'short', '0 closed, 1 half-open, 2 open.', [
          'max by (name) (circuit_breaker_state)',
          '{{name}}',
        ]),
        panel('Caches', 'percentunit', 'The share of lookups that a cache answered.', [
          `sum by (service, cache) (rate(cache_hits_total[${rate}])) / (sum by (service, cache) (rate(cache_hits_total[${rate}])) + sum by (service, cache) (rate(cache_misses_total[${rate}])))`,
          '{{service}} {{cache}}',
        ]),
        stat(
          'Takes requests',
          'short',
          '1 while usage can be recorded; at 0 no request is taken.',
          'min(signalbox_usage_ledger_open)',
        ),
      ],
    },
  ],
};
