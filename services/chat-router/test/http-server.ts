import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handle = (body: string, request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers as it is told, once it has heard the whole request. */
export async function startServerOf(handle: Handle): Promise<AsyncDisposable & { host: string }> {
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      handle(Buffer.concat(chunks as Buffer[]).toString(), request, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${String(port)}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
