import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { AppError } from '@signalbox/errors';
import { parseJson } from './parse-json.ts';

export interface JsonBodyLimits {
  /** Counted after decompression. 0: no body is accepted. */
  bytesMax: number;
  /** How deep arrays and objects may nest. Default 64. */
  depthMax?: number;
  /** How many members all objects may have together. Default 10,000. */
  keysMax?: number;
  /** How many values its arrays and objects may hold, counted by the commas between them. Default 100,000. */
  valuesMax?: number;
}

/**
 * Reads a request's body as I-JSON (RFC 7493): UTF-8, no member twice in one object, no lone surrogate, no number beyond
 * a double; also no NUL, which no text column can hold, and no member `__proto__`. `undefined` when there is no body.
 * gzip, deflate and br are inflated. Throws `unsupported_media_type`, `payload_too_large`, `request_timeout` (the body
 * ended early) or `validation_failed`, and nothing else.
 */
export async function readJsonBody(request: IncomingMessage, limits: JsonBodyLimits): Promise<unknown> {
  return (await readJson(request, limits)).value;
}

/** As `readJsonBody`, together with the bytes that were parsed: inflated, and none when there is no body. */
export async function readJson(
  request: IncomingMessage,
  limits: JsonBodyLimits,
): Promise<{ value: unknown; bytes: Buffer }> {
  const { bytesMax, depthMax = 64, keysMax = 10_000, valuesMax = 100_000 } = limits;
  const length = Number(request.headers['content-length'] ?? 0);
  if (length === 0 && request.headers['transfer-encoding'] === undefined) return nothing;
  if (bytesMax === 0) throw invalid('Expected no body.');
  if (length > bytesMax) throw tooLarge(bytesMax);
  if (!isJson(request.headers['content-type']))
    throw new AppError('unsupported_media_type', 'The body must be application/json in UTF-8.');
  const decompress = decompressorOf(request.headers['content-encoding']);
  const sent = await readBytes(request, bytesMax);
  const bytes = decompress === null ? sent : await decompress(sent, bytesMax);
  if (bytes.length === 0) return nothing;
  if (!isUtf8(bytes)) throw invalid('Expected UTF-8.');
  return { value: parseJson(bytes, { depthMax, keysMax, valuesMax }), bytes };
}

const nothing = { value: undefined, bytes: Buffer.alloc(0) };

function isJson(contentType: string | undefined): boolean {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const essence = type.trim();
  if (essence !== 'application/json' && !(essence.startsWith('application/') && essence.endsWith('+json')))
    return false;
  return parameters.every((parameter) => {
    const [name = '', value = ''] = parameter.split('=');
    return name.trim() !== 'charset' || ['utf-8', '"utf-8"'].includes(value.trim());
  });
}

/** The bytes of a body as they were sent. Throws `payload_too_large` and `request_timeout`. */
export function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > bytesMax) {
        settle();
        reject(tooLarge(bytesMax));
      } else chunks.push(chunk);
    };
    const onEnd = (): void => {
      settle();
      const [first, ...more] = chunks;
      resolve(first !== undefined && more.length === 0 ? first : Buffer.concat(chunks, bytes));
    };
    // The server's timeout has answered 408 already, or nobody is left to be answered.
    const onClose = (): void => {
      settle();
      reject(new AppError('request_timeout', 'The body ended before it was complete.'));
    };
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

export interface BytesBodyLimits {
  /** Counted after decompression. */
  bytesMax: number;
  /** The media types accepted. */
  types: readonly string[];
  /** Content encodings besides gzip, deflate and br. */
  decoders?: Readonly<Record<string, Decompress>>;
}

/** The media type of a request's body, in lower case and without parameters; `''` where none is said. */
export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * Reads a body of one of these types as bytes, inflated. Empty when there is none. Throws `unsupported_media_type`,
 * `payload_too_large`, `request_timeout` or `validation_failed` (it is not what its content encoding says).
 */
export async function readBytesBody(
  request: IncomingMessage,
  { bytesMax, types, decoders = {} }: BytesBodyLimits,
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  if (!types.includes(mediaTypeOf(request)))
    throw new AppError('unsupported_media_type', `The body must be ${types.join(' or ')}.`);
  const encoding = request.headers['content-encoding']?.toLowerCase() ?? '';
  const decompress = decoders[encoding] ?? decompressorOf(encoding);
  const sent = await readBytes(request, bytesMax);
  return decompress === null || sent.length === 0 ? sent : decompress(sent, bytesMax);
}

export type Decompress = (bytes: Buffer, bytesMax: number) => Promise<Buffer>;

/** What the bytes become is bounded while they are inflated, so a bomb costs no more than `bytesMax`. */
function decompressorOf(encoding: string | undefined): Decompress | null {
  switch (encoding?.toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return null;
    case 'gzip':
    case 'x-gzip':
      return bounded(promisify(gunzip));
    case 'deflate':
      return bounded(promisify(inflate));
    case 'br':
      return bounded(promisify(brotliDecompress));
    default:
      throw new AppError('unsupported_media_type', 'The content encoding must be gzip, deflate, br or none.');
  }
}

function bounded(decompress: (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>): Decompress {
  return async (bytes, bytesMax) => {
    try {
      return await decompress(bytes, { maxOutputLength: bytesMax });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax);
      throw invalid('Expected a body that its content encoding fits.');
    }
  };
}

function invalid(message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path: '', message }] });
}

export function tooLarge(bytesMax: number): AppError {
  return new AppError('payload_too_large', `The body may have ${String(bytesMax)} bytes at most.`, {
    details: { bytes_max: bytesMax },
  });
}
