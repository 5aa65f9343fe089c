import type { ChatRequest, DialectName } from './chat-request.ts';
import { unsupportedRequest } from './invalid-request.ts';

/** A request in a provider's dialect. */
export interface WrittenRequest {
  body: Readonly<Record<string, unknown>>;
  /** What the client asked for and this dialect cannot say, by its names there. The client is told. */
  dropped: readonly string[];
}

/** Members without which the answer would be another thing than was asked for: they are refused rather than dropped. */
const indispensable: readonly { name: string; asks: (value: unknown) => boolean }[] = [
  { name: 'n', asks: (value) => value !== 1 },
  { name: 'audio', asks: () => true },
  { name: 'modalities', asks: (value) => Array.isArray(value) && value.some((modality) => modality !== 'text') },
  { name: 'prompt', asks: () => true },
  { name: 'mcp_servers', asks: () => true },
  { name: 'container', asks: () => true },
];

/** The names of the members that only another dialect than `dialect` knows. Throws where they cannot be done without. */
export function lostMembers({ extra }: ChatRequest, dialect: DialectName): string[] {
  if (extra === null || extra.dialect === dialect) return [];
  for (const { name, asks } of indispensable) {
    if (name in extra.members && asks(extra.members[name])) {
      throw unsupportedRequest(name, 'cannot be done by the provider of this model.');
    }
  }
  return Object.keys(extra.members);
}
