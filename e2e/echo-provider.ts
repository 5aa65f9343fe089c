import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What one request to it was, as the provider saw it. */
export interface EchoedRequest {
  /** The id by which the mesh calls the request. */
  requestId: string;
  text: string;
}

export interface EchoProvider extends AsyncDisposable {
  /** A base URL as OpenAI's clients take it. */
  readonly url: string;
  readonly requests: readonly EchoedRequest[];
  /** Requests that are being answered. */
  inFlight(): number;
  /** The most that were being answered at once. */
  inFlightMost(): number;
  /** From now on no answer begins before so many requests wait for one; they are let go together. */
  gather(count: number): void;
  /** Between two words. */
  wordDelayMs: number;
}

/** A model that says back what it was told, word by word: whose answer went to whom can be seen by reading it. */
export async function startEchoProvider(): Promise<EchoProvider> {
  const requests: EchoedRequest[] = [];
  let inFlight = 0;
  let most = 0;
  let gathering: { count: number; go: () => void; ready: Promise<void> } | null = null;
  const provider = { wordDelayMs: 0 };

  const server = createServer((request, response) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    response.once('close', () => {
      inFlight -= 1;
    });
    void (async () => {
      const text = Buffer.concat(await request.toArray()).toString();
      requests.push({ requestId: String(request.headers['x-client-request-id']), text });
      if (gathering !== null) {
        const { count, go, ready } = gathering;
        if (inFlight >= count) go();
        await ready;
      }
      const { model, messages, stream } = JSON.parse(text) as {
        model: string;
        messages: { content: string }[];
        stream?: boolean;
      };
      const said = messages.at(-1)?.content ?? '';
      const usage = { prompt_tokens: said.length, completion_tokens: said.length, total_tokens: 2 * said.length };
      const envelope = { id: 'chatcmpl-echo', created: 1_700_000_000, model };
      if (stream === true) await streamBack(response, envelope, said, usage);
      else {
        const message = { role: 'assistant', content: said };
        const choices = [{ index: 0, message, finish_reason: 'stop' }];
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ ...envelope, object: 'chat.completion', choices, usage }));
      }
      // Whoever asked has left in the middle of asking.
    })().catch(() => response.destroy());
  });

  async function streamBack(response: ServerResponse, envelope: object, said: string, usage: object): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (delta: object, finish_reason: string | null, more: object = {}) => {
      const choices = [{ index: 0, delta, finish_reason }];
      const chunk = { ...envelope, object: 'chat.completion.chunk', choices, ...more };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    };
    for (const word of said.split(/(?<= )/)) {
      if (response.destroyed) return;
      send({ content: word }, null);
      await sleep(provider.wordDelayMs);
    }
    send({}, 'stop', { usage });
    response.end('data: [DONE]\n\n');
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(provider, {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1`,
    requests,
    inFlight: () => inFlight,
    inFlightMost: () => most,
    gather(count: number) {
      let go: () => void = () => undefined;
      const ready = new Promise<void>((resolve) => {
        go = () => {
          gathering = null;
          resolve();
        };
      });
      gathering = { count, go, ready };
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  });
}
