import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import { checkBytes } from './check-bytes.ts';
import { emptySha256, signRequest, type S3Credentials } from './sign-request.ts';
import { away, checkedKey, damaged, hashIn, keyOf, sha256, type Storage } from './storage.ts';

export interface S3Settings {
  /** `https://s3.eu-central-1.amazonaws.com`; the bucket is the first part of the path. */
  endpoint: string;
  region: string;
  bucket: string;
  credentials: S3Credentials;
  /** Asks the store to encrypt what it keeps: `AES256`, `aws:kms`. Null: as the bucket says. */
  encryption: string | null;
}

const [connectTimeoutMs, answerTimeoutMs, connectionsMax] = [3_000, 30_000, 16];
/** A store may say no now and then and mean nothing by it. */
const [triesMax, waitMs] = [3, 200];
const passing = new Set([408, 429, 500, 502, 503, 504]);

interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  /** Null: the bucket itself. */
  key: string | null;
  body?: Buffer;
  signal: AbortSignal | undefined;
}

/** Keeps blobs in S3-compatible storage: AWS, MinIO, R2, Ceph, Google's interoperable API. */
export function openS3({ endpoint, region, bucket, credentials, encryption }: S3Settings): Storage {
  const base = endpoint.replace(/\/+$/, '');
  const agent = new Agent({
    connect: { timeout: connectTimeoutMs },
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
    connections: connectionsMax,
  });

  async function sendOnce({ method, key, body, signal }: S3Request): Promise<Dispatcher.ResponseData> {
    const url = new URL(key === null ? `${base}/${bucket}` : `${base}/${bucket}/${checkedKey(key)}`);
    const headers = signRequest(
      {
        method,
        url,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/octet-stream' }),
          ...(body === undefined || encryption === null ? {} : { 'x-amz-server-side-encryption': encryption }),
        },
        // A key names the hash of its bytes.
        bodySha256: body === undefined ? emptySha256 : hashIn(key ?? ''),
      },
      credentials,
      region,
      new Date(),
    );
    const response = await agent.request({
      ...{ origin: url.origin, path: url.pathname, method, headers },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    response.body.on('error', ignoreUnread);
    return response;
  }

  /** An answer that is one: 2xx, or 404. */
  async function send(request: S3Request): Promise<Dispatcher.ResponseData> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await sendOnce(request);
        if (response.statusCode < 300 || response.statusCode === 404) return response;
        const cause = new Error(`S3 answers ${String(response.statusCode)} ${await codeIn(response)}`);
        if (attempt === triesMax || !passing.has(response.statusCode)) throw away(cause);
      } catch (error) {
        if (request.signal?.aborted === true) throw request.signal.reason as Error;
        if (!isBroken(error)) throw error;
        if (attempt === triesMax) throw away(error);
      }
      await sleep(waitMs * 2 ** (attempt - 1) * (0.5 + Math.random()), undefined, { signal: request.signal });
    }
  }

  async function done(request: S3Request): Promise<number> {
    const response = await send(request);
    await response.body.dump();
    return response.statusCode;
  }

  return {
    async put(owner, body, signal) {
      const key = keyOf(owner, body);
      // A bucket that is not there is none of a caller's business, so 404 is no answer here.
      if ((await done({ method: 'PUT', key, body, signal })) === 404) throw away(new Error('there is no such bucket'));
      return key;
    },
    async get(key, signal) {
      const response = await send({ method: 'GET', key, signal });
      if (response.statusCode === 404) return absent(response);
      const bytes = await read(response, signal);
      if (sha256(bytes) !== hashIn(key)) throw damaged(key);
      return bytes;
    },
    async stream(key, signal) {
      const response = await send({ method: 'GET', key, signal });
      return response.statusCode === 404 ? absent(response) : checkBytes(key, response.body);
    },
    has: async (key, signal) => (await done({ method: 'HEAD', key, signal })) !== 404,
    async delete(key, signal) {
      await done({ method: 'DELETE', key, signal });
    },
    async ping(signal) {
      if ((await done({ method: 'HEAD', key: null, signal })) === 404) throw away(new Error('there is no such bucket'));
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/** A bucket that is away is not one without the blob. */
async function absent(response: Dispatcher.ResponseData): Promise<null> {
  if ((await codeIn(response)) === 'NoSuchBucket') throw away(new Error('there is no such bucket'));
  return null;
}

async function read(response: Dispatcher.ResponseData, signal: AbortSignal | undefined): Promise<Buffer> {
  try {
    return Buffer.from(await response.body.arrayBuffer());
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason as Error;
    throw away(error);
  }
}

/** The code of a refusal, which is XML: `<Code>SlowDown</Code>`. */
async function codeIn(response: Dispatcher.ResponseData): Promise<string> {
  const text = await response.body.text().catch(() => '');
  return /<Code>(\w{1,64})<\/Code>/.exec(text)?.[1] ?? '';
}

/** The connection's trouble, and not a mistake of ours or an answer. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(E|UND_ERR)/.test(error.code);
}

function ignoreUnread(): void {
  // Whoever reads the body hears of it; whoever does not has nothing to hear.
}
