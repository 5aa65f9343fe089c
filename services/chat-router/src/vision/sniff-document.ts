export type DocumentType = 'image/png' | 'image/jpeg' | 'image/webp' | 'image/gif' | 'application/pdf';

/** What a document is by its first bytes, whatever anybody says that it is; null for anything that is not taken here. */
export function sniffDocument(bytes: Buffer): DocumentType | null {
  if (bytes.subarray(0, 8).equals(pngStart)) return 'image/png';
  if (bytes.subarray(0, 3).equals(jpegStart)) return 'image/jpeg';
  const text = bytes.subarray(0, 12).toString('latin1');
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'image/gif';
  if (text.startsWith('RIFF') && text.slice(8) === 'WEBP') return 'image/webp';
  return text.startsWith('%PDF-') ? 'application/pdf' : null;
}

const pngStart = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const jpegStart = Buffer.from([0xff, 0xd8, 0xff]);
