import { panel, stat, type Dashboard } from '../dashboard.ts';

const rate = '$__rate_interval';

/** The board of queues: what waits, where, and for how long. */
export const queues: Dashboard = {
  uid: 'signalbox-queues',
  title: 'Queues',
  says: 'From the outbox through the queue to the worker, and what was given up.',
  rows: [
    {
      title: 'What waits',
      panels: [
        panel('Jobs', 'short', 'In the queues, by state.', [
          'sum by (exported_job, state) (max by (exported_job, state) (signalbox_queue_jobs))',
          '{{exported_job}} {{state}}',
        ]),
        panel('Outbox', 's', 'Age of the oldest row that is due.', [
          'max by (service) (signalbox_outbox_lag_seconds)',
          '{{service}}',
        ]),
        panel('Rows in the outbox', 'short', 'Due and not yet published.', [
          'max by (service) (signalbox_outbox_pending_rows)',
          '{{service}}',
        ]),
      ],
    },
    {
      title: 'What is worked off',
      panels: [
        panel('Attempts', 'ops', 'By how they ended.', [
          `sum by (exported_job, outcome) (rate(signalbox_jobs_total[${rate}]))`,
          '{{exported_job}} {{outcome}}',
        ]),
        panel('Duration of an attempt', 's', 'At the 95th percentile.', [
          `histogram_quantile(0.95, sum by (le, exported_job) (rate(signalbox_job_duration_seconds_bucket[${rate}])))`,
          '{{exported_job}}',
        ]),
        panel('Since a worker took a job', 's', 'Canaries come every ten seconds.', [
          'max by (service, exported_job) (signalbox_worker_idle_seconds)',
          '{{service}} {{exported_job}}',
        ]),
        panel('Enqueued', 'ops', 'Jobs a second, repeats included.', [
          `sum by (exported_job) (rate(signalbox_jobs_enqueued_total[${rate}]))`,
          '{{exported_job}}',
        ]),
        panel('Published', 'ops', 'Rows of the outbox a second.', [
          `sum by (service) (rate(signalbox_outbox_published_total[${rate}]))`,
          '{{service}}',
        ]),
        stat(
          'Given up',
          'short',
          'Jobs that lie among the dead letters since the processes began.',
          'sum(signalbox_dead_letters_total) or vector(0)',
        ),
      ],
    },
  ],
};
