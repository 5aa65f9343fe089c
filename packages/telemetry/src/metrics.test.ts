import { describe, expect, it } from '@jest/globals';
import { createMetrics, type Metrics } from './metrics.ts';

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Reads Prometheus' text format as strictly as promtool does, and throws at the first thing that is not right. */
function parseExposition(text: string): { types: Map<string, string>; samples: Sample[] } {
  const comments = new Map<string, string>();
  const finished = new Set<string>();
  const samples = new Map<string, Sample>();
  let family = '';
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const comment = /^# (?<kind>HELP|TYPE) (?<about>[a-zA-Z_:][\w:]*) (?<rest>.+)$/.exec(line)?.groups;
    if (comment === undefined) {
      const sample = parseSample(line);
      if (!['', '_bucket', '_sum', '_count'].some((suffix) => sample.name === family + suffix))
        throw new Error(`${sample.name} under ${family}`);
      const identity = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (samples.has(identity)) throw new Error(`twice: ${identity}`);
      samples.set(identity, sample);
      continue;
    }
    const { kind = '', about = '', rest = '' } = comment;
    if (about !== family) finished.add(family);
    family = about;
    if (finished.has(family)) throw new Error(`${family} comes twice`);
    if (comments.has(`${kind} ${about}`)) throw new Error(`a second ${kind} of ${about}`);
    if (kind === 'TYPE' && !/^(?:counter|gauge|histogram|summary)$/.test(rest))
      throw new Error(`no such type: ${rest}`);
    comments.set(`${kind} ${about}`, rest);
  }
  const types = [...comments].flatMap(([key, rest]): [string, string][] =>
    key.startsWith('TYPE ') ? [[key.slice(5), rest]] : [],
  );
  return { types: new Map(types), samples: [...samples.values()] };
}

function parseSample(line: string): Sample {
  const [, name, labelText = '', valueText] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined || valueText === undefined) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  const label = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g;
  const unread = labelText.replaceAll(label, (_all, key: string, value: string) => {
    if (key in labels) throw new Error(`${key} twice in ${line}`);
    labels[key] = value;
    return '';
  });
  if (unread !== '') throw new Error(`not labels: ${unread}`);
  const value = Number(valueText.replace('Inf', 'Infinity'));
  if (Number.isNaN(value) && valueText !== 'NaN') throw new Error(`not a number: ${line}`);
  return { name, labels, value };
}

async function scrape(metrics: Metrics) {
  const { types, samples } = parseExposition(await metrics.text());
  const find = (name: string, labels: Record<string, string> = {}): number | undefined =>
    samples.find(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )?.value;
  return { types, samples, find, count: (name: string) => samples.filter((sample) => sample.name === name).length };
}

describe('OD-2, LA-8: metrics', () => {
  it('has all of the agreed names, with exactly their labels, after one request, one hit, one miss and one trip', async () => {
    const metrics = createMetrics({ service: 'gateway' });
    const inFlight = metrics.http.started('GET');
    metrics.http.started('POST')({
      endpoint: '/v1/chat/completions',
      statusCode: 502,
      errorType: 'PROVIDER_ERROR',
      requestBytes: 10,
      responseBytes: 20,
    });
    metrics.cacheHit('chat');
    metrics.cacheMiss('chat');
    metrics.breakerState('openai', 'open');
    const { types, samples, find } = await scrape(metrics);
    expect(find('http_requests_in_progress')).toBe(1);
    inFlight({ endpoint: '/health', statusCode: 200 });

    const labelsOf = (name: string) =>
      Object.keys(samples.find((sample) => sample.name === name)?.labels ?? { missing: '' }).sort();
    expect(types.get('http_requests_total')).toBe('counter');
    expect(labelsOf('http_requests_total')).toEqual(['endpoint', 'method', 'status_code']);
    expect(types.get('http_request_duration_seconds')).toBe('histogram');
    expect(labelsOf('http_request_duration_seconds_count')).toEqual(['endpoint', 'method']);
    expect(labelsOf('http_errors_total')).toEqual(['endpoint', 'error_type', 'method']);
    expect(
      find('http_errors_total', { error_type: 'PROVIDER_ERROR', endpoint: '/v1/chat/completions', method: 'POST' }),
    ).toBe(1);
    expect(find('http_request_size_bytes_sum')).toBe(10);
    expect(find('http_response_size_bytes_sum')).toBe(20);
    expect(find('cache_hits_total', { cache: 'chat' })).toBe(1);
    expect(find('cache_misses_total', { cache: 'chat' })).toBe(1);
    expect(find('circuit_breaker_state', { name: 'openai' })).toBe(2);
    expect(types.has('process_cpu_seconds_total')).toBe(true);
    expect(types.has('nodejs_eventloop_lag_seconds')).toBe(true);
    expect(types.has('signalbox_event_loop_utilization_ratio')).toBe(true);
    expect(find('signalbox_service_info', { service: 'gateway' })).toBe(1);
  });

  it('measures from the head of a request to its end, once', async () => {
    const metrics = createMetrics({ service: 'x' });
    const ended = metrics.http.started('GET');
    ended({ endpoint: '/a', statusCode: 404 });
    ended({ endpoint: '/a', statusCode: 404 });
    const { find } = await scrape(metrics);
    expect(find('http_requests_total', { endpoint: '/a', status_code: '404' })).toBe(1);
    expect(find('http_errors_total', { error_type: 'HTTP_404' })).toBe(1);
    expect(find('http_requests_in_progress')).toBe(0);
    expect(find('http_request_duration_seconds_bucket', { endpoint: '/a', le: '0.001' })).toBeDefined();
    expect(find('http_request_duration_seconds_bucket', { endpoint: '/a', le: '10' })).toBe(1);
    expect(find('http_request_duration_seconds_bucket', { endpoint: '/a', le: '60' })).toBe(1);
  });

  it('stays valid whatever a label holds', async () => {
    const metrics = createMetrics({ service: 'quo"te\\back\nline' });
    const counter = metrics.counter({
      name: 'signalbox_odd_total',
      help: 'With a \n newline and \\ backslash.',
      labels: ['what'],
    });
    for (const what of ['"', '\\', '\n', '{}', 'a="b",', '', '💡', 'x'.repeat(10_000)]) counter.inc({ what });
    const { count } = await scrape(metrics);
    expect(count('signalbox_odd_total')).toBe(8);
  });

  it('puts no credential into a label', async () => {
    const metrics = createMetrics({ service: 'x' });
    metrics.cacheHit('sk-Canary0123456789');
    expect(await metrics.text()).not.toContain('Canary');
  });
});

describe('OD-2: label values are bounded', () => {
  it('counts what goes beyond the bound under other', async () => {
    const metrics = createMetrics({ service: 'x' });
    const counter = metrics.counter({ name: 'signalbox_wild_total', help: 'Wild.', labels: ['a', 'b'], seriesMax: 10 });
    for (let index = 0; index < 1_000; index += 1) counter.inc({ a: String(index), b: 'x' });
    counter.inc({ a: '3', b: 'x' });
    const { count, find } = await scrape(metrics);
    expect(count('signalbox_wild_total')).toBe(11);
    expect(find('signalbox_wild_total', { a: 'other', b: 'other' })).toBe(990);
    expect(find('signalbox_wild_total', { a: '3' })).toBe(2);
  });

  it('keeps requests to made-up paths and methods from making series', async () => {
    const metrics = createMetrics({ service: 'x' });
    for (let index = 0; index < 5_000; index += 1)
      metrics.http.started(`METHOD${String(index)}`)({ endpoint: `/made/up/${String(index)}`, statusCode: 404 });
    const { count, find } = await scrape(metrics);
    expect(count('http_requests_total')).toBe(201);
    expect(find('http_requests_total', { endpoint: 'other', method: 'other', status_code: '404' })).toBe(4_800);
  });
});

describe('OD-13: nothing is registered twice', () => {
  it('gives the first metric back when it is asked for again', async () => {
    const metrics = createMetrics({ service: 'x' });
    const options = { name: 'signalbox_things_total', help: 'Things.', labels: ['kind'] as const };
    expect(metrics.counter(options)).toBe(metrics.counter(options));
    metrics.counter(options).inc({ kind: 'a' });
    metrics.counter(options).inc({ kind: 'a' }, 2);
    expect((await scrape(metrics)).find('signalbox_things_total')).toBe(3);
    expect(() => metrics.gauge(options)).toThrow('signalbox_things_total is counter(kind) already');
    expect(() => metrics.counter({ ...options, labels: ['other'] as const })).toThrow(TypeError);
  });

  it('keeps the metrics of two services in one process apart', async () => {
    const [one, two] = [createMetrics({ service: 'one' }), createMetrics({ service: 'two' })];
    one.cacheHit('a');
    expect((await scrape(one)).find('cache_hits_total')).toBe(1);
    expect((await scrape(two)).find('cache_hits_total')).toBeUndefined();
  });

  it('ignores values that are no measurements', async () => {
    const metrics = createMetrics({ service: 'x' });
    const counter = metrics.counter({ name: 'signalbox_n_total', help: 'N.' });
    for (const value of [NaN, -1, Infinity]) expect(() => counter.inc({}, value)).not.toThrow();
    expect(() => metrics.histogram({ name: 'signalbox_h_seconds', help: 'H.' }).observe({}, NaN)).not.toThrow();
    counter.inc();
    expect((await scrape(metrics)).find('signalbox_n_total')).toBe(1);
  });
});
