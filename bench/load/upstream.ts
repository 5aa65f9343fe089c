// A model provider with nothing to do: the floor that every target is compared with. Run as a process of its own.
import { createServer } from 'node:http';
import { jsonAnswer, streamChunks } from './answers.ts';

const json = Buffer.from(jsonAnswer);
const frames = streamChunks.map((chunk) => Buffer.from(chunk));

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    if (Buffer.concat(parts).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
      for (const frame of frames) response.write(frame);
      response.end();
    } else {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': json.length });
      response.end(json);
    }
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.({ kind: 'listening', address: server.address() });
});
process.on('disconnect', () => {
  server.closeAllConnections();
  server.close();
});
