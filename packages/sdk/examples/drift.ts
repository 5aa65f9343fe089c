// Compares what a model sees today with what it was made for. Needs SIGNALBOX_URL and SIGNALBOX_API_KEY.
import { createSignalbox } from '@signalbox/sdk';

const { SIGNALBOX_URL: baseUrl = 'http://127.0.0.1:8080', SIGNALBOX_API_KEY: apiKey = '' } = process.env;
await using client = createSignalbox({ baseUrl, apiKey });

const reference = Array.from({ length: 500 }, (_, index) => (index * 37) % 100);
const shifted = reference.map((value) => value + 30);

for (const [name, current] of Object.entries({ same: reference, shifted })) {
  const { statistic, p_value: p } = await client.drift.compare({ method: 'ks', reference, current });
  console.log(`${name}: D = ${String(statistic)}, p = ${String(p)}`);
}
