import { connect } from 'node:net';

/** One answer of a connection, read as bytes. */
export interface RawAnswer {
  status: number;
  headers: ReadonlyMap<string, string>;
  text: string;
}

/** Writes bytes to a connection of its own, as they are, and gives back whatever comes until the other side closes it. */
export async function sendRaw(url: string, bytes: string, { closesWithinMs = 10_000 } = {}): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding('latin1');
  let received = '';
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  const closed = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`The connection stayed open. It had received: ${received.slice(0, 500)}`));
    }, closesWithinMs);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  socket.write(Buffer.from(bytes, 'latin1'));
  await closed;
  return received;
}

/** The answers that follow each other on one connection; each must have a length or be the last. */
export function answersIn(received: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = received;
  while (rest.startsWith('HTTP/1.1 ')) {
    const endOfHead = rest.indexOf('\r\n\r\n');
    const [statusLine = '', ...fields] = rest.slice(0, endOfHead).split('\r\n');
    const headers = new Map(
      fields.map((field) => {
        const colon = field.indexOf(':');
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
      }),
    );
    const status = Number(statusLine.split(' ')[1]);
    const body = rest.slice(endOfHead + 4);
    const given = headers.get('content-length');
    const length = status < 200 || status === 204 ? 0 : given === undefined ? body.length : Number(given);
    answers.push({ status, headers, text: body.slice(0, length) });
    rest = body.slice(length);
  }
  return answers;
}
