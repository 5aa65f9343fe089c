// Makes a key that may only chat, uses it, sees what that cost, and takes it away again.
// Needs SIGNALBOX_URL and SIGNALBOX_API_KEY (of an administrator).
import { createSignalbox, SignalboxError } from '@signalbox/sdk';

const { SIGNALBOX_URL: baseUrl = 'http://127.0.0.1:8080', SIGNALBOX_API_KEY: apiKey = '' } = process.env;
await using admin = createSignalbox({ baseUrl, apiKey });

const { id, key } = await admin.keys.create({ name: 'example', scopes: ['chat:write'], expires_in_days: 1 });
await using chatter = createSignalbox({ baseUrl, apiKey: key });
await chatter.chat.create({
  model: 'signalbox/extractive',
  messages: [{ role: 'user', content: 'The lamp is lit. Is the lamp lit?' }],
});
try {
  await chatter.keys.list();
} catch (error) {
  if (error instanceof SignalboxError)
    console.log(`may it list keys? ${String(error.status)} ${String(error.errorCode)}`);
}

for await (const { model, cost_usd: usd } of admin.costs.each({ key_id: id })) {
  console.log(`${model} cost ${usd ?? 'an unknown amount'}`);
}
await admin.keys.revoke(id);
console.log((await admin.keys.get(id)).status);
