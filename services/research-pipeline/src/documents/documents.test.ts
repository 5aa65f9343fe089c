import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { classifyDocument } from './classify-document.ts';
import { sniffDocument } from './sniff-document.ts';
import { splitPassages } from './split-passages.ts';

describe('what a document is', () => {
  it.each([
    ['invoice.pdf', '', { type: 'invoice', confidence: 0.85, method: 'name' }],
    ['Invoice number 4, amount due.pdf', '', { type: 'invoice', confidence: 0.95, method: 'name' }],
    ['annual_report.md', 'invoice amount due', { type: 'report', confidence: 0.95, method: 'name' }],
    ['scan.txt', 'INVOICE\nAmount due: 5', { type: 'invoice', confidence: 0.85, method: 'content' }],
    ['scan.txt', 'An invoice is mentioned once.', { type: 'other', confidence: 0.5, method: 'none' }],
    ['invoices-of-others.txt', '', { type: 'other', confidence: 0.5, method: 'none' }],
    ['Vertrag.txt', '', { type: 'contract', confidence: 0.85, method: 'name' }],
    ['', '', { type: 'other', confidence: 0.5, method: 'none' }],
  ])('is told by words: %j, %j', (name, text, expected) => {
    expect(classifyDocument(name, text)).toEqual(expected);
  });

  it('is as sure as its words are many, and never surer than 0.95 by name and 0.85 by content', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, text) => {
        const { confidence, method } = classifyDocument(name, text);
        expect(confidence).toBeLessThanOrEqual({ name: 0.95, content: 0.85, none: 0.5 }[method]);
        expect(confidence).toBeGreaterThanOrEqual(0.5);
      }),
    );
  });
});

describe('the type of a file (S9)', () => {
  it.each([
    ['image/png', Buffer.from('89504e470d0a1a0a00', 'hex'), 'x.pdf'],
    ['image/jpeg', Buffer.from('ffd8ffe0', 'hex'), 'x.txt'],
    ['image/tiff', Buffer.from('49492a0008', 'hex'), 'x'],
    ['image/webp', Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1'), 'x'],
    ['application/pdf', Buffer.from('%PDF-1.7\n'), 'x.md'],
    ['text/html', Buffer.from('<!DOCTYPE html><p>x'), 'x.bin'],
    ['text/markdown', Buffer.from('# x'), 'x.md'],
    ['text/plain', Buffer.from('# x'), 'x.exe'],
    ['text/plain', Buffer.from('Gr\xfc\xdfe', 'latin1'), 'x.txt'],
    ['text/plain', Buffer.from('\ufeffx', 'utf16le'), 'x.txt'],
    [null, Buffer.from('PK\u0003\u0004'), 'x.txt'],
    [null, Buffer.from('a\0b'), 'x.md'],
    [null, Buffer.from(Array.from({ length: 200 }, (_, index) => 1 + (index % 6))), 'x.txt'],
  ])('is %s by the content, whatever the name', (type, bytes, name) => {
    expect(sniffDocument(bytes, name)).toBe(type);
  });
});

describe('the passages of a text', () => {
  it('are the text when they are put together, none of them long, none of them half a character', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 50 }),
      fc.constantFrom('\n\n', ' ', '😀', 'x'.repeat(3_000)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('').toWellFormed();
        const passages = splitPassages(text);
        expect(passages.join('')).toBe(text);
        for (const passage of passages) {
          expect(passage.length).toBeLessThanOrEqual(8_000);
          expect(passage.isWellFormed()).toBe(true);
        }
      }),
    );
    expect(splitPassages('😀'.repeat(4_001)).every((passage) => passage.isWellFormed())).toBe(true);
    expect(splitPassages('')).toEqual([]);
  });
});
