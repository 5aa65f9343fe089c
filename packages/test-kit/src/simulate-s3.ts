import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';

export interface S3Call {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  status: number;
}

/** What goes wrong with the next calls: a refusal, a connection that is cut, an answer of half its bytes, none at all. */
export type S3Fault =
  { kind: 'refusal'; status: number; code: string } | { kind: 'cut' } | { kind: 'half' } | { kind: 'hang' };

export interface SimulatedS3 extends AsyncDisposable {
  endpoint: string;
  region: string;
  bucket: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: null };
  /** The objects, by key. A test may change them behind the client's back. */
  objects: Map<string, Buffer>;
  calls: S3Call[];
  /** One fault for each of the next calls. */
  failNext(...faults: S3Fault[]): void;
}

const skewMsMax = 15 * 60_000;

/**
 * S3's protocol with one bucket, on any port: objects are put, got, looked at and deleted over HTTP by path-style addresses, and
 * every request must bear the right signature (Version 4) over its headers and the true hash of its body, of this moment.
 */
export async function simulateS3(): Promise<SimulatedS3> {
  const [region, bucket] = ['eu-test-1', 'signalbox-test'];
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'a-secret/of+tests', sessionToken: null };
  const objects = new Map<string, Buffer>();
  const calls: S3Call[] = [];
  const faults: S3Fault[] = [];

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const { method = '', url = '' } = request;
      const fault = faults.shift();
      const note = (status: number): void => {
        calls.push({ method, path: url, headers: request.headers, status });
      };
      const refuse = (status: number, code: string): void => {
        note(status);
        const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>No.</Message></Error>`;
        response.writeHead(status, { 'content-type': 'application/xml' });
        response.end(method === 'HEAD' ? undefined : text);
      };
      if (fault?.kind === 'hang') {
        note(0);
        return;
      }
      if (fault?.kind === 'cut') {
        note(0);
        request.socket.destroy();
        return;
      }
      if (fault?.kind === 'refusal') {
        refuse(fault.status, fault.code);
        return;
      }
      const flaw = flawOf(request, body, { region, ...credentials });
      if (flaw !== null) {
        refuse(403, flaw);
        return;
      }
      const [, named = '', key = ''] = /^\/([^/]+)(?:\/(.*))?$/.exec(decodeURIComponent(url)) ?? [];
      if (named !== bucket) {
        refuse(404, 'NoSuchBucket');
        return;
      }
      if (method === 'PUT' && key !== '') {
        objects.set(key, body);
        note(200);
        response.writeHead(200, { etag: `"${createHash('md5').update(body).digest('hex')}"` }).end();
      } else if (method === 'DELETE' && key !== '') {
        objects.delete(key);
        note(204);
        response.writeHead(204).end();
      } else if (method === 'GET' || method === 'HEAD') {
        const object = key === '' ? Buffer.alloc(0) : objects.get(key);
        if (object === undefined) {
          refuse(404, 'NoSuchKey');
          return;
        }
        note(200);
        response.writeHead(200, { 'content-length': object.length, 'content-type': 'application/octet-stream' });
        if (method === 'HEAD') response.end();
        else if (fault?.kind === 'half')
          response.write(object.subarray(0, object.length / 2), () => response.destroy());
        else response.end(object);
      } else refuse(405, 'MethodNotAllowed');
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    endpoint: `http://127.0.0.1:${String(port)}`,
    region,
    bucket,
    credentials,
    objects,
    calls,
    failNext(...next) {
      faults.push(...next);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The code of S3's refusal; null for a request that is signed as it must be. */
function flawOf(
  request: IncomingMessage,
  body: Buffer,
  { region, accessKeyId, secretAccessKey }: { region: string; accessKeyId: string; secretAccessKey: string },
): string | null {
  const { headers, method = '', url = '' } = request;
  const stated =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (stated === null) return 'AccessDenied';
  const [, keyId, day = '', place = '', names = '', signature = ''] = stated;
  if (keyId !== accessKeyId) return 'InvalidAccessKeyId';
  const moment = String(headers['x-amz-date']);
  const at = Date.parse(moment.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(Date.now() - at) < skewMsMax)) return 'RequestTimeTooSkewed';
  const hash = createHash('sha256').update(body).digest('hex');
  if (headers['x-amz-content-sha256'] !== hash) return 'XAmzContentSHA256Mismatch';
  const signed = names.split(';');
  const mustBeSigned = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  if (place !== region || mustBeSigned.some((name) => !signed.includes(name))) return 'AccessDenied';
  const [path = '', query = ''] = url.split('?');
  const lines = signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`).join('');
  const canonical = `${method}\n${path}\n${query}\n${lines}\n${names}\n${hash}`;
  const scope = `${day}/${region}/s3/aws4_request`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
  for (const part of [day, region, 's3', 'aws4_request', `AWS4-HMAC-SHA256\n${moment}\n${scope}\n${digest}`]) {
    key = createHmac('sha256', key).update(part).digest();
  }
  return timingSafeEqual(key, Buffer.from(signature, 'hex')) ? null : 'SignatureDoesNotMatch';
}
