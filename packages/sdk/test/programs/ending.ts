// Ends in the way that its first argument names, with samples in its buffer. Run as a process of its own by exit.test.ts.
import { createSignalbox } from '@signalbox/sdk';

const [way = '', baseUrl = '', spoolPath = ''] = process.argv.slice(2);
const { metrics } = createSignalbox({ baseUrl, apiKey: 'k' });
if (spoolPath !== '') metrics.enableBuffering({ spoolPath });

const score = metrics.monitor((amount: number) => amount > 100, { model_id: 'fraud-v2', model_type: 'tabular' });
for (const amount of [1, 10, 1_000]) score(amount);

if (way === 'process.exit') process.exit(0);
if (way === 'SIGKILL') process.kill(process.pid, 'SIGKILL');
if (way === 'unhandled') {
  const failing = metrics.monitor(() => Promise.reject(new Error('nobody handles this')), {
    model_id: 'fraud-v2',
    model_type: 'tabular',
  });
  void failing();
}
