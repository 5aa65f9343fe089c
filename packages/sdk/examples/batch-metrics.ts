// Registers a model, sends a thousand measurements in one request, and asks for their summary.
// Needs SIGNALBOX_URL and SIGNALBOX_API_KEY.
import { createSignalbox, SignalboxError, type SampleInput } from '@signalbox/sdk';

const { SIGNALBOX_URL: baseUrl = 'http://127.0.0.1:8080', SIGNALBOX_API_KEY: apiKey = '' } = process.env;
await using client = createSignalbox({ baseUrl, apiKey });

const model = {
  id: 'example/scores',
  name: 'Scores',
  model_type: 'tabular',
  version: '1',
  environment: 'dev',
} as const;
try {
  await client.models.register(model);
} catch (error) {
  // It was registered by an earlier run.
  if (!(error instanceof SignalboxError && error.status === 409)) throw error;
}

const samples = Array.from({ length: 1_000 }, (_, index): SampleInput => ({
  model_id: model.id,
  model_type: model.model_type,
  latency: 5 + (index % 20),
  prediction: index % 2 === 0 ? 'accept' : 'review',
  tags: { example: 'batch' },
}));
const outcome = await client.metrics.collectInferenceMetricsBatch(samples);
console.log(`stored ${String(outcome.success)}, failed ${String(outcome.failed)}`);
for (const { index, message } of outcome.errors.slice(0, 3)) console.log(`sample ${String(index)}: ${message}`);

const summary = await client.metrics.summary({ model_id: model.id, since_hours: 1 });
console.log(`requests in the last hour: ${String(summary.total_requests)}`);
