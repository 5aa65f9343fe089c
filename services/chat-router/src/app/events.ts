import type { AppError } from '@signalbox/errors';
import type { Logger, Metrics } from '@signalbox/telemetry';
import type { AlertEvents } from '../advisories/alert-told.worker.ts';
import type { ProviderStateEvents } from '../provider-states/provider-state-changed.worker.ts';
import type { CallEvents } from '../resilience/call.ts';
import type { BudgetEvents } from '../money/budget-crossed.worker.ts';
import type { LedgerEvents } from '../usage/ledger.ts';

export type Events = ProviderStateEvents & CallEvents & LedgerEvents & BudgetEvents & AlertEvents;

/** What this service tells of itself: one function per event, which makes its metric and its log line. */
export function createEvents(logger: Logger, metrics: Metrics): Events {
  const alerts = metrics.counter({
    name: 'signalbox_chat_alerts_total',
    help: 'What alerting told of the models, by what happened.',
    labels: ['change'],
  });
  const calls = metrics.counter({
    name: 'signalbox_chat_calls_total',
    help: 'Calls to providers, by how they came out.',
    labels: ['provider', 'outcome', 'error'],
  });
  const durations = metrics.histogram({
    name: 'signalbox_chat_call_duration_seconds',
    help: 'From the beginning of a call to a provider to its end.',
    labels: ['provider', 'streamed'],
  });
  const firstTokens = metrics.histogram({
    name: 'signalbox_chat_first_token_seconds',
    help: 'From the beginning of a streamed call to the first part of the answer.',
    labels: ['provider'],
  });
  const tokens = metrics.counter({
    name: 'signalbox_chat_tokens_total',
    help: 'Tokens, as the providers count them.',
    labels: ['provider', 'kind'],
  });
  const commits = metrics.histogram({
    name: 'signalbox_usage_commit_duration_seconds',
    help: 'One statement that puts usage records into the ledger.',
  });
  const spent = metrics.counter({
    name: 'signalbox_chat_cost_usd_total',
    help: 'What committed calls cost, by the price list.',
    labels: ['provider'],
  });
  const recorded = metrics.counter({ name: 'signalbox_usage_records_total', help: 'Committed usage records.' });
  const stateChanges = metrics.counter({
    name: 'signalbox_provider_state_changes_total',
    help: 'Circuit breakers of providers that changed, each change once in all replicas.',
    labels: ['to'],
  });
  const losses = metrics.counter({
    name: 'signalbox_usage_records_lost_total',
    help: 'Usage records that stand in the log only.',
  });
  const crossings = metrics.counter({
    name: 'signalbox_budget_crossings_total',
    help: 'Limits of budgets that were crossed.',
    labels: ['level', 'unit'],
  });
  const ledgerOpen = metrics.gauge({
    name: 'signalbox_usage_ledger_open',
    help: '1 while usage can be recorded; at 0 no request is taken.',
  });
  ledgerOpen.set({}, 1);

  return {
    called({ call, result, error }) {
      const { provider } = call.target;
      calls.inc({ provider, outcome: result.outcome, error: error?.code ?? 'none' });
      durations.observe({ provider, streamed: String(call.streamed) }, result.latencyMs / 1_000);
      if (result.firstTokenMs !== null) firstTokens.observe({ provider }, result.firstTokenMs / 1_000);
      if (result.usage.promptTokens !== null) tokens.inc({ provider, kind: 'prompt' }, result.usage.promptTokens);
      if (result.usage.completionTokens !== null) {
        tokens.inc({ provider, kind: 'completion' }, result.usage.completionTokens);
      }
      if (result.outcome === 'failed') logger.warn('chat.call_failed', factsOf(call.target, error));
    },
    budgetCrossed(crossing) {
      const { level, unit } = crossing;
      crossings.inc({ level, unit });
      logger.warn('budget.crossed', { ...crossing });
    },
    alertFired({ alert_id: alert, model_id: model, severity }) {
      alerts.inc({ change: 'fired' });
      logger.info('alert.fired', { alert, model, severity });
    },
    alertResolved({ alert_id: alert, model_id: model, reason }) {
      alerts.inc({ change: 'resolved' });
      logger.info('alert.resolved', { alert, model, reason });
    },
    providerStateChanged({ connection_id: connection, from, to }) {
      stateChanges.inc({ to });
      logger.info('provider.state_changed', { connection, from, to });
    },
    committed({ records, durationMs, usd }) {
      commits.observe({}, durationMs / 1_000);
      recorded.inc(undefined, records);
      for (const [provider, cost] of usd) spent.inc({ provider }, cost);
    },
    opened({ open, error }) {
      ledgerOpen.set({}, open ? 1 : 0);
      if (open) logger.info('usage.ledger_opened');
      else logger.error('usage.ledger_closed', { error });
    },
    lost({ record, error }) {
      losses.inc();
      logger.error('usage.record_lost', { record, error });
    },
  };
}

function factsOf(target: { provider: string; model: string }, error: AppError | undefined) {
  return { provider: target.provider, model: target.model, error };
}
