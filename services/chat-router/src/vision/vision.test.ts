import { deflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countPages } from './count-pages.ts';
import { sniffDocument } from './sniff-document.ts';

const plain = (pages: number) =>
  Buffer.from(
    `%PDF-1.4\n1 0 obj <</Type /Pages /Count ${String(pages)}>> endobj\n${'2 0 obj <</Type /Page /Parent 1 0 R>> endobj\n'.repeat(pages)}%%EOF`,
  );

function compressed(objects: string, dictionary = '/Filter /FlateDecode'): Buffer {
  const data = deflateSync(Buffer.from(objects));
  return Buffer.concat([
    Buffer.from(
      `%PDF-1.7\n5 0 obj\n<</Type /ObjStm /N 2 /First 8 /Length ${String(data.length)} ${dictionary}>>\nstream\r\n`,
    ),
    data,
    Buffer.from('\nendstream\nendobj\n%%EOF'),
  ]);
}

describe('what a document is (LA-15)', () => {
  it.each([
    ['image/png', Buffer.from('89504e470d0a1a0a0000000d', 'hex')],
    ['image/jpeg', Buffer.from('ffd8ffe000104a464946', 'hex')],
    ['image/gif', Buffer.from('GIF89a....')],
    ['image/webp', Buffer.from('RIFF\x10\0\0\0WEBPVP8 ')],
    ['application/pdf', Buffer.from('%PDF-1.7\n')],
  ])('is told by its content: %s', (type, bytes) => {
    expect(sniffDocument(bytes)).toBe(type);
  });

  it.each([
    '',
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    '<!doctype html>',
    'MZ',
    ' %PDF-1.7',
    'RIFF....WAVE',
    'GIF',
  ])('is nothing that is taken: %j', (text) => {
    expect(sniffDocument(Buffer.from(text))).toBeNull();
  });
});

describe('the pages of a PDF', () => {
  it('are counted where they stand plainly, and within compressed objects', async () => {
    expect(await countPages(plain(7))).toBe(7);
    expect(
      await countPages(compressed('1 0 2 30 <</Type/Page>> <</Type /Page /Rotate 90>> <</Type/Pages/Count 2>>')),
    ).toBe(2);
  });

  it('that cannot be counted are not taken for few', async () => {
    expect(await countPages(plain(0))).toBeNull();
    expect(await countPages(compressed('<</Type/Page>>', '/Filter /LZWDecode'))).toBeNull();
    expect(await countPages(Buffer.concat([compressed('x').subarray(0, 90), Buffer.from('endstream')]))).toBeNull();
    // A bomb: 40 MiB of nothing in 40 KiB.
    expect(await countPages(compressed(' '.repeat(40 * 1_048_576)))).toBeNull();
  });

  it('S13: are counted, or not, within a moment, however many streams there seem to be', async () => {
    const from = performance.now();
    expect(await countPages(Buffer.from(`%PDF-1.7 ${'/ObjStm stream\n'.repeat(1_000_000)}`))).toBeNull();
    expect(performance.now() - from).toBeLessThan(2_000);
  });

  it('never fail, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const pages = await countPages(Buffer.concat([Buffer.from('%PDF-1.7 /ObjStm stream\n'), bytes]));
        expect(pages === null || pages > 0).toBe(true);
      }),
    );
  });
});
