import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SimulatedEmbeddings extends AsyncDisposable {
  /** What a client of OpenAI's is given as base URL. */
  readonly url: string;
  /** Every text that was embedded so far, the oldest first. */
  readonly texts: readonly string[];
  /** From now on every request is refused with this status; null: none is. */
  refuse(status: number | null): void;
  /** From now on every answer waits for so long. */
  delay(ms: number): void;
}

const length = 256;

/**
 * An embeddings model of OpenAI's dialect without a model: a text is where its words are, each word at a place of its own.
 * The cosine of two texts is then the share of words that they have in common, so that a test can tell it beforehand.
 */
export async function simulateEmbeddings(): Promise<SimulatedEmbeddings> {
  const texts: string[] = [];
  let status: number | null = null;
  let delayMs = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as {
        model: string;
        input: string | string[];
      };
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      response.setHeader('content-type', 'application/json');
      if (status !== null) {
        response.statusCode = status;
        response.end(JSON.stringify({ error: { message: 'simulated', type: 'simulated', code: null } }));
        return;
      }
      const given = [body.input].flat();
      texts.push(...given);
      const data = given.map((text, index) => ({ object: 'embedding', index, embedding: embeddingOf(text) }));
      const usage = { prompt_tokens: 4, total_tokens: 4 };
      response.end(JSON.stringify({ object: 'list', model: body.model, data, usage }));
      // Whoever asked has left in the middle of asking.
    })().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1`,
    texts,
    refuse(given) {
      status = given;
    },
    delay(ms) {
      delayMs = ms;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

function embeddingOf(text: string): number[] {
  const vector = new Array<number>(length).fill(0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const place = createHash('sha256').update(word).digest().readUInt32BE() % length;
    vector[place] = (vector[place] ?? 0) + 1;
  }
  return vector;
}
