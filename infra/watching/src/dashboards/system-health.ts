import { panel, stat, type Dashboard } from '../dashboard.ts';

const rate = '$__rate_interval';

/** LA-20: requests, errors and durations of each service, and what its processes use. */
export const systemHealth: Dashboard = {
  uid: 'signalbox-health',
  title: 'System Health',
  says: 'Rate, errors and duration of every service; use of every process; who is there.',
  rows: [
    {
      title: 'Requests',
      panels: [
        panel('Requests', 'reqps', 'Answers a second.', [
          `sum by (service) (rate(http_requests_total[${rate}]))`,
          '{{service}}',
        ]),
        panel('Answers', 'reqps', 'By status.', [
          `sum by (service, status_code) (rate(http_requests_total[${rate}]))`,
          '{{service}} {{status_code}}',
        ]),
        panel(
          'Duration',
          's',
          'From the head of a request to the end of its answer, streams included, at the 95th percentile.',
          [
            `histogram_quantile(0.95, sum by (le, service) (rate(http_request_duration_seconds_bucket[${rate}])))`,
            '{{service}}',
          ],
        ),
        panel('Now', 'short', 'Requests being answered.', [
          'sum by (service) (http_requests_in_progress)',
          '{{service}}',
        ]),
        panel('Errors', 'reqps', 'Answers of 400 and above, by their code.', [
          `sum by (service, error_type) (rate(http_errors_total[${rate}]))`,
          '{{service}} {{error_type}}',
        ]),
        panel('Limits without Redis', 'short', '1 while each gateway counts alone.', [
          'max by (service) (signalbox_limiter_degraded)',
          '{{service}}',
        ]),
      ],
    },
    {
      title: 'Processes',
      panels: [
        stat('There', 'short', 'Processes that answer.', 'sum(up)'),
        panel('CPU', 'percentunit', 'Cores in use.', [
          `sum by (service, instance) (rate(process_cpu_seconds_total[${rate}]))`,
          '{{service}} {{instance}}',
        ]),
        panel('Event loop', 'percentunit', 'The share of time in which a process was busy.', [
          'max by (service, instance) (signalbox_event_loop_utilization_ratio)',
          '{{service}} {{instance}}',
        ]),
        panel('Loop delay', 's', 'How late timers come, at the 99th percentile.', [
          'max by (service) (nodejs_eventloop_lag_p99_seconds)',
          '{{service}}',
        ]),
        panel('Memory', 'bytes', 'Resident.', [
          'max by (service, instance) (process_resident_memory_bytes)',
          '{{service}} {{instance}}',
        ]),
        panel('Heap', 'bytes', 'Of V8, in use.', [
          'max by (service, instance) (nodejs_heap_size_used_bytes)',
          '{{service}} {{instance}}',
        ]),
      ],
    },
    {
      title: 'Postgres and what is taken in',
      panels: [
        panel('Connections', 'short', 'Open, of the pools.', [
          'sum by (service) (signalbox_db_pool_connections)',
          '{{service}}',
        ]),
        panel('Waiting for a connection', 's', 'At the 95th percentile.', [
          `histogram_quantile(0.95, sum by (le, service) (rate(signalbox_db_pool_wait_seconds_bucket[${rate}])))`,
          '{{service}}',
        ]),
        panel('Rows taken in', 'ops', 'Measurements, committed a second.', [
          `sum(rate(signalbox_intake_rows_total[${rate}]))`,
          'rows',
        ]),
        panel('Rows that wait', 'short', 'To be stored.', ['sum(signalbox_intake_waiting_rows)', 'rows']),
        panel('Partitions ahead', 'short', 'Days to come that have their partitions.', [
          'min(signalbox_partitions_ahead_days)',
          'days',
        ]),
        panel('Evaluations of alert rules', 'ops', 'By how they ended.', [
          `sum by (outcome) (rate(signalbox_rule_evaluations_total[${rate}]))`,
          '{{outcome}}',
        ]),
      ],
    },
  ],
};
