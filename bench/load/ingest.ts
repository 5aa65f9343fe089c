// An intake with nothing to do: it acknowledges every sample at once, and counts. Run as a process of its own.
import { createServer } from 'node:http';

const counts = { requests: 0, samples: 0, sockets: 0 };
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(parts).toString()) as { items?: unknown[] };
    const accepted = body.items?.length ?? 1;
    counts.requests += 1;
    counts.samples += accepted;
    const answer = JSON.stringify({ accepted, duplicates: 0, rejected: 0, results: [] });
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
    response.end(answer);
  });
});
server.keepAliveTimeout = 60_000;
server.on('connection', () => (counts.sockets += 1));
server.listen(0, '127.0.0.1', () => {
  process.send?.({ kind: 'listening', address: server.address() });
});
process.on('message', () => {
  process.send?.({ kind: 'counts', counts });
  Object.assign(counts, { requests: 0, samples: 0, sockets: 0 });
});
process.on('disconnect', () => {
  server.closeAllConnections();
  server.close();
});
