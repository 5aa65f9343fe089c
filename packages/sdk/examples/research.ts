// Has something researched, tells how it goes, and prints the report. Needs SIGNALBOX_URL and SIGNALBOX_API_KEY.
import { createSignalbox } from '@signalbox/sdk';

const { SIGNALBOX_URL: baseUrl = 'http://127.0.0.1:8080', SIGNALBOX_API_KEY: apiKey = '' } = process.env;
await using client = createSignalbox({ baseUrl, apiKey });

const { id, status } = await client.research.createAndWait(
  { topic: 'How were railway signals lit before electricity?', sources: ['documents'] },
  {
    pollMs: 1_000,
    timeoutMs: 5 * 60_000,
    onEvent: ({ type, data }) => {
      console.log(type, JSON.stringify(data));
    },
  },
);
console.log(`${id} is ${status}`);
if (status === 'completed') console.log(await client.research.report(id, 'md'));
