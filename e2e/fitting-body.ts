import type { Operation, Operations } from './operations.ts';

type Members = Record<string, unknown>;

const soon = () => new Date(Date.now() + 3_600_000).toISOString();
const matchers = ['alertname="Sample"'];

/** What depends on more than one member, or on what a member means, no schema says. */
const moreOf: Record<string, () => Members> = {
  createBudget: () => ({ soft_tokens: 1 }),
  updateSystem: () => ({ use_case: 'another' }),
  analyzeDocument: () => ({ extract_type: 'ocr', document: 'data:image/png;base64,iVBORw0KGgo=' }),
  createTool: () => ({ parameters: { type: 'object' } }),
  updateTool: () => ({ description: 'another' }),
  recordResources: () => ({ cpu_usage: 0.5 }),
  updateAlertRule: () => ({ enabled: true }),
  putAlertRules: () => ({ yaml: 'rules: []' }),
  testAlertRules: () => ({
    yaml: [
      'rules:',
      '  - name: Slow',
      "    condition: { kind: series, metric: latency_ms, aggregate: p95, window: 5m, comparator: '>', threshold: 1000 }",
      'tests:',
      '  - name: a test',
      '    interval: 1m',
      "    input_series: [{ series: 'latency_ms{model_id=\"m\"}', values: '100 2000x5' }]",
      '    alert_rule_test: [{ eval_time: 5m, alertname: Slow, exp_alerts: [] }]',
    ].join('\n'),
  }),
  snoozeAlert: () => ({ until: soon() }),
  compareDrift: () => ({ reference: [1, 2], current: [2, 3] }),
  createDriftReference: () => ({ rows: [{ score: 0.5 }] }),
  createResearch: () => ({ topic: 'a sample', sources: ['documents'] }),
  setSearchCredential: () => ({ key: 'a-sample-of-a-key', engine_id: 'sample' }),
  createChannel: () => ({ kind: 'webhook', settings: { url: 'https://example.org/hook' } }),
  createSilence: () => ({ matchers, ends_at: soon(), comment: 'a sample' }),
  updateSilence: () => ({ matchers, ends_at: soon(), comment: 'a sample' }),
  previewSilence: () => ({ matchers }),
  simulateNotification: () => ({ labels: { alertname: 'Sample' } }),
  createEscalationPolicy: () => ({ matchers, steps: [{ after_seconds: 60, channels: ['*'] }] }),
  createMaintenanceWindow: () => ({ matchers }),
  putAlertingConfiguration: () => ({ original: 'route: { receiver: all }\nreceivers: [{ name: all }]' }),
};

/** Alertmanager's own, of which the document says no form: it is Alertmanager's to say. */
const alertmanagerBodies: Record<string, () => Members | Members[]> = {
  alerts: () => [{ labels: { alertname: 'Sample' }, annotations: { summary: 'a sample' } }],
  silences: () => ({
    matchers: [{ name: 'alertname', value: 'Sample', isRegex: false, isEqual: true }],
    startsAt: new Date().toISOString(),
    endsAt: soon(),
    createdBy: 'a sample',
    comment: 'a sample',
  }),
};

/** A body that fits and that the mesh accepts. */
export function fittingBody(operations: Pick<Operations, 'sampleBody'>, operation: Operation): Members | Members[] {
  if (operation.path.startsWith('/alertmanager/')) {
    const made = alertmanagerBodies[operation.path.split('/').at(-1) ?? '']?.();
    if (made === undefined) throw new Error(`no body is known of ${operation.path}`);
    return made;
  }
  const body = operations.sampleBody(operation);
  const more = moreOf[operation.operationId]?.();
  if (more !== undefined) return { ...body, ...more };
  return 'model' in body ? { ...body, model: 'small', messages: [{ role: 'user', content: 'hello' }] } : body;
}

/** A body that is an object; Alertmanager's alone come as lists. */
export function membersOf(body: Members | Members[]): Members {
  if (Array.isArray(body)) throw new TypeError('a list has no members');
  return body;
}

/** The body once for each text in it, wherever it stands, with `text` in that place. */
export function* withText(body: unknown, text: string): Generator {
  if (typeof body === 'string') yield text;
  if (typeof body !== 'object' || body === null) return;
  for (const [name, value] of Object.entries(body)) {
    for (const changed of withText(value, text)) {
      if (Array.isArray(body)) yield body.with(Number(name), changed) as unknown[];
      else yield { ...body, [name]: changed };
    }
  }
}
