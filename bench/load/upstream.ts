// A model provider with nothing to do: the floor that every target is compared with. Run as a process of its own.
import { createServer } from 'node:http';
import { anthropicAnswer, anthropicEvents, jsonAnswer, streamChunks } from './answers.ts';

const dialects = {
  openai: { json: Buffer.from(jsonAnswer), frames: streamChunks.map((chunk) => Buffer.from(chunk)) },
  anthropic: { json: Buffer.from(anthropicAnswer), frames: anthropicEvents.map((event) => Buffer.from(event)) },
};
/** Between the chunks of a stream, where the path asks for a slow one. */
const pauseMs = 20;

let count = 0;
const server = createServer((request, response) => {
  count += 1;
  const path = request.url ?? '';
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const { json, frames } = dialects[path.endsWith('/messages') ? 'anthropic' : 'openai'];
    if (path.startsWith('/broken/')) {
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"broken"}}');
    } else if (Buffer.concat(parts).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
      if (path.startsWith('/slow/')) {
        let next = 0;
        const timer = setInterval(() => {
          const frame = frames[next++];
          if (frame !== undefined) response.write(frame);
          if (next < frames.length && !response.destroyed) return;
          clearInterval(timer);
          response.end();
        }, pauseMs);
      } else {
        for (const frame of frames) response.write(frame);
        response.end();
      }
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
process.on('message', () => process.send?.({ kind: 'asked', count }));
process.on('disconnect', () => {
  server.closeAllConnections();
  server.close();
});
