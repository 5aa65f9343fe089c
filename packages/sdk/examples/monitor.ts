// Watches a function without changing it. Needs SIGNALBOX_URL and SIGNALBOX_API_KEY.
import { setTimeout as sleep } from 'node:timers/promises';
import { createSignalbox } from '@signalbox/sdk';

const { SIGNALBOX_URL: baseUrl = 'http://127.0.0.1:8080', SIGNALBOX_API_KEY: apiKey = '' } = process.env;
await using client = createSignalbox({ baseUrl, apiKey });

async function classify(text: string): Promise<{ label: string; score: number }> {
  await sleep(5);
  if (text === '') throw new RangeError('there is nothing to classify');
  return { label: text.includes('!') ? 'urgent' : 'calm', score: 0.9 };
}

const watched = client.metrics.monitor(classify, {
  model_id: 'example/classifier',
  model_type: 'other',
  tags: { example: 'monitor' },
  describe: ({ label, score }) => ({ prediction: label, score }),
});

console.log((await watched('the lamp is out!')).label);
console.log(await watched('').catch((error: unknown) => String(error)));

const timer = client.metrics.startTimer({ model_id: 'example/pipeline', model_type: 'other' });
await sleep(5);
timer.stop({ tags: { example: 'monitor' } });

const { sent } = await client.metrics.flushBuffer();
console.log(`${String(sent)} calls were recorded`);
