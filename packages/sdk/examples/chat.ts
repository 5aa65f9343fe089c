// Asks a model, once as a whole and once as a stream. Needs SIGNALBOX_URL and SIGNALBOX_API_KEY.
import { createSignalbox } from '@signalbox/sdk';

const { SIGNALBOX_URL: baseUrl = 'http://127.0.0.1:8080', SIGNALBOX_API_KEY: apiKey = '' } = process.env;
await using client = createSignalbox({ baseUrl, apiKey });

const material = 'Signal four guards the eastern junction. Only the signaller on duty may change signal four.';
const request = {
  model: 'signalbox/extractive',
  messages: [
    { role: 'user' as const, content: material },
    { role: 'user' as const, content: 'Who may change signal four?' },
  ],
};

const completion = await client.chat.create(request);
console.log(completion.choices[0]?.message.content);

for await (const chunk of client.chat.stream(request)) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
console.log();
