import { newIdempotencyKey, type EncodedBody } from '../calls/caller.ts';

/** A file as it is sent: its bytes, or a `Blob` or `File` of a page. */
export interface FileToUpload {
  name: string;
  content: Uint8Array | Blob | string;
  /** Default: what the `Blob` says, else `application/octet-stream`. */
  contentType?: string;
}

/** One file as `multipart/form-data` (RFC 7578), as bytes, so that it can be sent again. */
export async function encodeForm(field: string, { name, content, contentType }: FileToUpload): Promise<EncodedBody> {
  const boundary = `signalbox-${newIdempotencyKey()}`;
  const bytes = await bytesOf(content);
  const type =
    contentType ?? (content instanceof Blob && content.type !== '' ? content.type : 'application/octet-stream');
  if (/[\r\n]/.test(type)) throw new TypeError('a content type is one line');
  const head =
    `--${boundary}\r\ncontent-disposition: form-data; name="${field}"; filename="${escape(name)}"\r\n` +
    `content-type: ${type}\r\n\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: concat([encode(head), bytes, encode(`\r\n--${boundary}--\r\n`)]),
  };
}

async function bytesOf(content: Uint8Array | Blob | string): Promise<Uint8Array> {
  if (typeof content === 'string') return encode(content);
  return content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : content;
}

/** As browsers write file names: only what would end the value is replaced. */
function escape(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
