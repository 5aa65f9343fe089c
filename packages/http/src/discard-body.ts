import type { IncomingMessage } from 'node:http';

/** Enough for a client that had already sent its body when it was refused; a flood is cut. */
const discardedBytesMax = 32 * 1_048_576;

/**
 * Reads on and throws away what a refused request still sends. Closing at once would reset the connection, and most
 * clients would then see the reset instead of the answer. Time is bounded by the server's `requestTimeout`.
 */
export function discardBody(request: IncomingMessage): void {
  let left = discardedBytesMax;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
}
