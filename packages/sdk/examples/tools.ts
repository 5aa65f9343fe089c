// Lets a model call a function of ours. Needs SIGNALBOX_URL, SIGNALBOX_API_KEY and, in SIGNALBOX_MODEL, a model that knows tools.
import { createSignalbox, type RunnableTool } from '@signalbox/sdk';

const { SIGNALBOX_URL: baseUrl = 'http://127.0.0.1:8080', SIGNALBOX_API_KEY: apiKey = '' } = process.env;
const { SIGNALBOX_MODEL: model = 'gpt-5-mini' } = process.env;
await using client = createSignalbox({ baseUrl, apiKey });

const stockOf: RunnableTool = {
  name: 'stock_of',
  description: 'How many of an article are in stock.',
  parameters: { type: 'object', properties: { article: { type: 'string' } }, required: ['article'] },
  run(args) {
    const { article } = args as { article: string };
    console.log(`the model asks for the stock of ${article}`);
    return { article, pieces: 12 };
  },
};

const { completion, isFinished } = await client.chat.runTools(
  { model, messages: [{ role: 'user', content: 'How many lanterns are left?' }] },
  { tools: [stockOf], stepsMax: 4 },
);
console.log(isFinished ? completion.choices[0]?.message.content : 'The model would not come to an end.');
