import { AppError } from '@signalbox/errors';
import type { CompletionDocument, Provider, ProviderRequest, StreamPart } from '../providers/provider.ts';
import type { Call } from './call.ts';

/** What is held back at most while an answer has not begun properly and may still be withdrawn. */
const [heldPartsMax, heldBytesMax] = [256, 65_536];

/** An answer from the point on at which it is the answer: a whole document, or a stream whose first part has come. */
export type OpenedAnswer =
  | { kind: 'document'; document: CompletionDocument }
  | { kind: 'stream'; headers: Readonly<Record<string, string>>; held: Buffer; rest: PartIterator };

export type PartIterator = AsyncIterator<StreamPart, unknown> | Iterator<StreamPart, unknown>;

/** Asks a provider, and resolves when there is an answer. Until then, whatever goes wrong is thrown. */
export async function openAnswer(
  provider: Provider,
  request: ProviderRequest,
  call: Call,
  signal: AbortSignal,
): Promise<OpenedAnswer> {
  const watched = { ...request, progress: call };
  if (request.stream) return openStream(provider, watched, call, signal);
  const document = await ask(provider, watched, signal);
  call.saw(document.usage, false, 0);
  call.answered();
  return { kind: 'document', document };
}

function ask(provider: Provider, request: ProviderRequest, signal: AbortSignal): Promise<CompletionDocument> {
  if (request.operation === 'chat') return provider.complete(request, signal);
  if (provider.embed !== undefined) return provider.embed(request, signal);
  throw new AppError('not_found', `${provider.name} makes no embeddings.`, {
    details: { code: 'model_not_found', param: 'model' },
  });
}

async function openStream(
  provider: Provider,
  request: ProviderRequest,
  call: Call,
  signal: AbortSignal,
): Promise<OpenedAnswer> {
  const { headers, parts } = await provider.stream(request, signal);
  const rest: PartIterator = Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
  const held: Buffer[] = [];
  let heldBytes = 0;
  try {
    for (;;) {
      const { value, done } = await rest.next();
      if (done === true || value.isEnd) {
        throw new AppError('provider_failed', `${provider.name} ended its answer without having said anything.`);
      }
      const { bytes, hasContent, usage, characters = 0 } = value;
      call.saw(usage, hasContent, characters);
      held.push(bytes);
      heldBytes += bytes.length;
      if (hasContent || held.length > heldPartsMax || heldBytes > heldBytesMax) {
        return { kind: 'stream', headers, held: held.length === 1 ? bytes : Buffer.concat(held), rest };
      }
      signal.throwIfAborted();
    }
  } catch (thrown) {
    await rest.return?.();
    throw thrown;
  }
}
