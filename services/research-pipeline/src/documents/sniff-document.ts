import { sniffContent } from '../extract/sniff-content.ts';

const looked = 65_536;
/** Of text, control characters are next to none; of anything else many are. */
const controlShareMax = 0.02;

const imageStarts: readonly (readonly [string, Buffer])[] = [
  ['image/png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['image/jpeg', Buffer.from([0xff, 0xd8, 0xff])],
  ['image/gif', Buffer.from('GIF87a')],
  ['image/gif', Buffer.from('GIF89a')],
  ['image/tiff', Buffer.from([0x49, 0x49, 0x2a, 0x00])],
  ['image/tiff', Buffer.from([0x4d, 0x4d, 0x00, 0x2a])],
];

/**
 * What a file is by its content, whatever anybody says that it is; null for what is not taken here. Of texts the name tells
 * which kind they are: nothing in the bytes of Markdown makes it that.
 */
export function sniffDocument(bytes: Buffer, name: string): string | null {
  for (const [type, start] of imageStarts) {
    if (bytes.subarray(0, start.length).equals(start)) return type;
  }
  const head = bytes.subarray(0, 12).toString('latin1');
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return 'image/webp';
  const content = sniffContent(bytes, { contentType: null, name, url: null });
  if (content === null) return null;
  return content.kind === 'pdf' || isText(bytes) ? content.contentType : null;
}

function isText(bytes: Buffer): boolean {
  const [first, second] = bytes;
  // UTF-16, by its mark: every second byte of it is a control character.
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const part = bytes.subarray(0, looked);
  let controls = 0;
  for (const byte of part) {
    if (byte === 0) return false;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d && byte !== 0x1b) controls += 1;
  }
  return controls <= part.length * controlShareMax;
}
