// Goes on while the server is away: what cannot be sent is kept, also on the disk, and goes out later.
// Needs SIGNALBOX_URL and SIGNALBOX_API_KEY.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignalbox } from '@signalbox/sdk';

const { SIGNALBOX_URL: baseUrl = 'http://127.0.0.1:8080', SIGNALBOX_API_KEY: apiKey = '' } = process.env;
const folder = mkdtempSync(join(tmpdir(), 'signalbox-example-'));
const spoolPath = join(folder, 'samples.ndjson');
const sample = { model_id: 'example/offline', model_type: 'other', latency: 3 } as const;

{
  // Nobody listens at port 9.
  await using lost = createSignalbox({ baseUrl: 'http://127.0.0.1:9', apiKey, retry: { retries: 1, firstWaitMs: 10 } });
  lost.metrics.enableBuffering({ spoolPath });
  const { status } = await lost.metrics.collectInferenceMetric(sample);
  console.log(`while the server is away: ${status}`);
}

await using client = createSignalbox({ baseUrl, apiKey });
client.metrics.enableBuffering({ spoolPath });
const { sent, kept } = await client.metrics.flushBuffer();
console.log(`when it is back: ${String(sent)} sent, ${String(kept)} kept`);
rmSync(folder, { recursive: true });
