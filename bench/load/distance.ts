// Stands between a client and a server as so many milliseconds of round trip would: half of it on each way, and one whole
// round trip before a new connection carries anything. Run as a process of its own.
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

const [targetPort = 0, roundTripMs = 0] = process.argv.slice(2).map(Number);

const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
  carry(near, far, roundTripMs);
  carry(far, near, 0);
});

/** In order; `firstMs` comes on top for what is sent first. */
function carry(from: Socket, to: Socket, firstMs: number): void {
  const openAt = performance.now() + firstMs;
  const underWay: { part: Buffer; at: number }[] = [];
  const arrive = () => {
    for (let next = underWay[0]; next !== undefined; next = underWay[0]) {
      const waitMs = next.at - performance.now();
      if (waitMs > 0) {
        setTimeout(arrive, waitMs);
        return;
      }
      underWay.shift();
      if (to.writable) to.write(next.part);
    }
  };
  from.on('data', (part: Buffer) => {
    underWay.push({ part, at: Math.max(openAt, performance.now()) + roundTripMs / 2 });
    if (underWay.length === 1) arrive();
  });
  from.on('close', () => to.destroy());
  from.on('error', () => to.destroy());
}

server.listen(0, '127.0.0.1', () => {
  process.send?.({ kind: 'listening', address: server.address() as AddressInfo });
});
process.on('disconnect', () => {
  process.exit(0);
});
