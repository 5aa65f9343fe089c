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
  const bytes = await readBytes(request, bytesMax);
  for (const part of await readFormParts(bytes, request.headers['content-type'] ?? '')) {
    if (part.name in form) throw refused('Expected no field twice.');
    form[part.name] = part.kind === 'field' ? part.value : dataUriOf(part.bytes, part.contentType);
  }
  return { ...form };
}

/** One part of a form; a file keeps its name and its bytes. */
export type FormPart =
  | { kind: 'field'; name: string; value: string }
  | { kind: 'file'; name: string; fileName: string | null; contentType: string; bytes: Buffer };

/** The parts of a form whose bytes have been read. Throws `validation_failed` for what is none. */
export function readFormParts(bytes: Buffer, contentType: string): Promise<FormPart[]> {
  return new Promise((resolve, reject) => {
    const parts: FormPart[] = [];
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
        parts.push({ kind: 'field', name, value });
      });
      // A file may come without a name, whatever the parser's types say.
      parser.on('file', (name, stream, fileName: string | undefined, _encoding, type) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (!isText(name) || !isText(fileName ?? '')) fail();
          const content = Buffer.concat(chunks);
          parts.push({ kind: 'file', name, fileName: fileName ?? null, contentType: type, bytes: content });
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
