import { join } from 'node:path';
import type { Mesh } from './start-mesh.ts';

const question = {
  model: 'signalbox/extractive',
  messages: [
    {
      role: 'user',
      content:
        'What does a signal box do? A signal box sets the route of every train. A station sells tickets. It rings a bell when something is wrong.',
    },
  ],
};

/** What `npm start` prints when the mesh is ready. Both snippets can be pasted into a shell as they are. */
export function welcome({ mesh, checkout, seconds }: { mesh: Mesh; checkout: string; seconds: number }): string {
  const { gatewayUrl, gatewayUrls, adminKeyFile, adminKey } = mesh;
  const keyFile = quote(adminKeyFile);
  const keyLine =
    adminKey === null
      ? `Admin's API key  was made earlier, and ${adminKeyFile} is gone: make another key while signed in as an owner.`
      : `Admin's API key  ${adminKeyFile}`;
  return `
Signalbox is ready (${seconds.toFixed(1)} s).

  Gateway          ${gatewayUrls.join('  ')}
  Documents        ${gatewayUrl}/docs
  ${keyLine}
  Logs             ${join(adminKeyFile, '..', 'logs')}

Ask it with curl:

curl -sS ${gatewayUrl}/v1/chat/completions \\
  -H "Authorization: Bearer $(cat ${keyFile})" -H 'Content-Type: application/json' \\
  -d ${quote(JSON.stringify(question))}

Or with the openai client, streaming:

(cd ${quote(join(checkout, 'e2e'))} && ../node_modules/.bin/node --input-type=module - <<'END'
import { readFileSync } from 'node:fs';
import OpenAI from 'openai';
const apiKey = readFileSync(${JSON.stringify(adminKeyFile)}, 'utf8').trim();
const client = new OpenAI({ baseURL: '${gatewayUrl}/v1', apiKey });
const answer = await client.chat.completions.create(${JSON.stringify({ ...question, stream: true })});
for await (const part of answer) process.stdout.write(part.choices[0]?.delta.content ?? '');
console.log();
END
)

Ctrl-C stops everything.`;
}

function quote(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
