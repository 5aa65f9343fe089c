import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Storage } from '@signalbox/storage';
import type { Source } from '../sources/source.ts';

const inflate = promisify(gunzip);
const bytesMax = 512 * 1_048_576;

/** The sources that a report was written from, as `keepReport` kept them; null where they are gone. */
export async function readEvidence(
  storage: Pick<Storage, 'get'>,
  evidenceKey: string,
  signal: AbortSignal,
): Promise<Source[] | null> {
  const kept = await storage.get(evidenceKey, signal);
  if (kept === null) return null;
  const text = (await inflate(kept, { maxOutputLength: bytesMax })).toString();
  // The bytes are those of their hash, and so what `keepReport` wrote.
  const { sources } = JSON.parse(text) as { sources: Source[] };
  return sources;
}
