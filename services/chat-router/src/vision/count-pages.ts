import { promisify } from 'node:util';
import { inflate } from 'node:zlib';

const inflatedBytesMax = 16 * 1_048_576;
const dictionaryBytesMax = 1_024;
/** A document of a hundred pages has some thousands of streams; whoever has more wants to keep us busy. */
const streamsMax = 20_000;
const page = /\/Type\s*\/Page(?![A-Za-z])/g;

/**
 * How many pages a PDF describes: page objects that stand in it plainly or in its compressed object streams (ISO 32000-1,
 * 7.5.7). Pages of earlier revisions that are still in the file count as well. Null when none is found, as in a file that is
 * encrypted or damaged: what cannot be counted must not pass for short.
 */
export async function countPages(pdf: Buffer): Promise<number | null> {
  const text = pdf.toString('latin1');
  let pages = countIn(text);
  let budget = inflatedBytesMax;
  let streams = 0;
  for (let at = text.indexOf('stream'); at !== -1; at = text.indexOf('stream', at + 6)) {
    if (text.slice(at - 3, at) === 'end') continue;
    streams += 1;
    if (streams > streamsMax) return null;
    const dictionary = text.slice(Math.max(0, at - dictionaryBytesMax), at);
    const own = dictionary.slice(dictionary.lastIndexOf(' obj') + 1);
    if (!/\/Type\s*\/ObjStm/.test(own)) continue;
    const from = at + (text.startsWith('\r\n', at + 6) ? 8 : 7);
    const to = text.indexOf('endstream', from);
    if (to === -1 || !own.includes('/FlateDecode')) return null;
    const objects = await inflated(pdf.subarray(from, to), budget);
    if (objects === null) return null;
    budget -= objects.length;
    pages += countIn(objects.toString('latin1'));
    at = to;
  }
  return pages === 0 ? null : pages;
}

function countIn(text: string): number {
  return text.match(page)?.length ?? 0;
}

async function inflated(bytes: Buffer, bytesMax: number): Promise<Buffer | null> {
  try {
    return await promisify(inflate)(bytes, { maxOutputLength: Math.max(1, bytesMax) });
  } catch {
    return null;
  }
}
