import type { IncomingMessage } from 'node:http';
import { Busboy } from '@fastify/busboy';
import { AppError } from '@signalbox/errors';
import { readBytes, tooLarge } from './read-json-body.ts';

const fieldsMax = 50;

/** True when a request carries `multipart/form-data` (RFC 7578). */
export function isForm(request: IncomingMessage): boolean {
  return /^multipart\/form-data\s*(;|$)/i.test(request.headers['content-type'] ?? '');
}

/**
 * Reads a form as an object: a field of text as it is, a file as a data URI of the type that its part names. Throws
 * `payload_too_large`, `request_timeout`, `unsupported_media_type` (a content encoding) or `validation_failed` (no proper
 * form, a field twice, a NUL in a text), and nothing else.
 */
export async function readFormBody(
  request: IncomingMessage,
  { bytesMax }: { bytesMax: number },
): Promise<Record<string, string>> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  if (!['', 'identity'].includes(request.headers['content-encoding']?.toLowerCase() ?? ''))
    throw new AppError('unsupported_media_type', 'A form may have no content encoding.');
  // Without a prototype, so that no field's name means anything to the language.
  const form = Object.create(null) as Record<string, string>;
  for (const { name, value } of await readParts(
    await readBytes(request, bytesMax),
    request.headers['content-type'] ?? '',
  )) {
    if (name in form) throw refused('Expected no field twice.');
    form[name] = value;
  }
  return { ...form };
}

function readParts(bytes: Buffer, contentType: string): Promise<{ name: string; value: string }[]> {
  return new Promise((resolve, reject) => {
    const parts: { name: string; value: string }[] = [];
    const fail = (): void => {
      reject(refused('Expected a form as RFC 7578 says.'));
    };
    const tooMany = (): void => {
      reject(refused(`Expected at most ${String(fieldsMax)} fields.`));
    };
    try {
      const parser = new Busboy({
        headers: { 'content-type': contentType },
        limits: { parts: fieldsMax, fieldSize: bytes.length, headerPairs: 20 },
      });
      parser.on('field', (name, value, nameIsCut) => {
        if (nameIsCut || !isText(name) || !isText(value)) fail();
        parts.push({ name, value });
      });
      parser.on('file', (name, stream, _fileName, _encoding, type) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (!isText(name)) fail();
          parts.push({ name, value: dataUriOf(Buffer.concat(chunks), type) });
        });
      });
      parser.on('partsLimit', tooMany);
      parser.on('error', fail);
      parser.on('finish', () => {
        resolve(parts);
      });
      parser.end(bytes);
    } catch {
      // A content type without a boundary.
      fail();
    }
  });
}

function isText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function dataUriOf(content: Buffer, named: string): string {
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(named) ? named : 'application/octet-stream';
  return `data:${type};base64,${content.toString('base64')}`;
}

function refused(message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path: '', message }] });
}
