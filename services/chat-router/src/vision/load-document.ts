import { AppError } from '@signalbox/errors';
import type { Outbound } from '@signalbox/outbound';

const documentBytesMax = 20 * 1_048_576;
const fetchDeadlineMs = 20_000;

/**
 * The bytes of a document that is given as a data URI or an https address. Throws `validation_failed` for anything else and
 * for an address that may not be reached, `payload_too_large`, and what goes wrong on the way.
 */
export async function loadDocument(
  { outbound, plainHttpTo = [] }: { outbound: Outbound; plainHttpTo?: readonly string[] },
  document: string,
  signal: AbortSignal,
): Promise<Buffer> {
  if (/^data:/i.test(document)) return fromDataUri(document);
  const url = URL.parse(document);
  const isAllowed = url?.protocol === 'https:' || (url?.protocol === 'http:' && plainHttpTo.includes(url.host));
  if (url === null || !isAllowed) throw refused('Expected a data URI in base64, or an https address.');
  const response = await outbound
    .request(url.href, {
      signal,
      deadlineMs: fetchDeadlineMs,
      bytesMax: documentBytesMax,
      headers: { accept: 'image/png, image/jpeg, image/webp, image/gif, application/pdf' },
    })
    .catch((thrown: unknown) => {
      throw thrown instanceof AppError && thrown.code === 'validation_failed' ? refused(thrown.message) : thrown;
    });
  if (response.status !== 200) {
    response.body.destroy();
    throw new AppError('provider_failed', 'The address of the document did not answer with a document.');
  }
  return response.bytes();
}

function fromDataUri(uri: string): Buffer {
  const comma = uri.indexOf(',');
  const encoded = uri.slice(comma + 1);
  const isBase64 = comma !== -1 && /;base64$/i.test(uri.slice(0, comma));
  if (!isBase64 || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded) || encoded.length % 4 !== 0) {
    throw refused('Expected a data URI in base64.');
  }
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length > documentBytesMax) {
    throw new AppError('payload_too_large', `A document may have ${String(documentBytesMax)} bytes at most.`);
  }
  return bytes;
}

function refused(message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path: 'document', message }] });
}
