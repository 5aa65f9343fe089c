import type { Outbound } from '@signalbox/outbound';
import { z } from 'zod';

/** A model server that was found on this machine. */
export interface FoundServer {
  name: string;
  baseUrl: string;
  models: readonly string[];
}

const Tags = z.object({ models: z.array(z.object({ name: z.string().min(1).max(150) })).max(10_000) });
const [origin, lookMs, rememberedMs] = ['http://127.0.0.1:11434', 300, 30_000];

/** Looks for an Ollama where it usually is; what was found is remembered for half a minute. Finds nothing where that is not allowed. */
export function createOllamaFinder(
  outbound: Pick<Outbound, 'request'>,
  { at = origin, now = Date.now }: { at?: string; now?: () => number } = {},
): () => Promise<FoundServer | null> {
  let looked: { at: number; found: Promise<FoundServer | null> } | null = null;

  async function look(): Promise<FoundServer | null> {
    try {
      const answer = await outbound.request(`${at}/api/tags`, {
        deadlineMs: lookMs,
        bytesMax: 1_048_576,
        redirectsMax: 0,
      });
      const tags = Tags.safeParse(JSON.parse((await answer.bytes()).toString('utf8')));
      if (answer.status !== 200 || !tags.success) return null;
      return { name: 'ollama', baseUrl: `${at}/v1`, models: tags.data.models.slice(0, 1_000).map(({ name }) => name) };
    } catch {
      return null;
    }
  }

  return () => {
    if (looked === null || now() - looked.at > rememberedMs) looked = { at: now(), found: look() };
    return looked.found;
  };
}
