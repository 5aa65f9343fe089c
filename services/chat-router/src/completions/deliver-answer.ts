import type { Routing } from '@signalbox/contracts';
import { AppError, toAppError } from '@signalbox/errors';
import { formatUsd, type NanoUsd } from '../money/nano-usd.ts';
import { noteHealth, type Won } from '../resilience/run-attempts.ts';
import { modelId } from '../routing/target.ts';
import type { AnswerSink } from './answer-sink.ts';
import type { Ingress } from './ingress.ts';
import { keptBytesMax, routingMember, type KeptAnswer } from './kept-answer.ts';

/** Takes a whole answer before its end is sent; null: there is one, and it is too large to be kept. */
export type Keep = (answer: KeptAnswer | null) => Promise<void> | void;

export interface Delivery {
  sink: AnswerSink;
  /** Fires when nobody waits for the answer any more. */
  signal: AbortSignal;
  ingress: Pick<Ingress, 'errorEvent' | 'routingEvent'>;
  keep: Keep | null;
  headers: Readonly<Record<string, string>>;
  told: Routing | null;
  /** What this request has cost so far, call by call. */
  costs: () => readonly (NanoUsd | null)[];
}

/**
 * Gives an answer to its client. A document is thrown away when what it cost cannot be put on record; a stream has begun by
 * then, and is told of it in its end.
 */
export async function deliverAnswer(won: Won, delivery: Delivery): Promise<void> {
  if (won.opened.kind === 'document') await deliverDocument(won, won.opened, delivery);
  else await deliverStream(won, won.opened, delivery);
}

async function deliverDocument(
  won: Won,
  { document }: Extract<Won['opened'], { kind: 'document' }>,
  { sink, keep, headers, told, costs }: Delivery,
): Promise<void> {
  await won.call.finish('ok');
  const { body, ...place } = told === null ? { body: document.body } : withRouting(document.body, told);
  const all = { ...document.headers, ...headers, ...costHeader(costs()) };
  await keep?.(body.length > keptBytesMax ? null : { ...keptOf(won, false, all, body), ...place });
  sink.document(all, body);
}

async function deliverStream(
  won: Won,
  { headers, held, rest }: Extract<Won['opened'], { kind: 'stream' }>,
  { sink, signal, ingress, keep, headers: ours, told }: Delivery,
): Promise<void> {
  const { call, admission, entry } = won;
  const all = { ...headers, ...ours };
  const copy: Buffer[] = [];
  let copiedBytes = 0;
  const take = (bytes: Buffer): void => {
    copiedBytes += bytes.length;
    if (keep !== null && copiedBytes <= keptBytesMax) copy.push(bytes);
  };
  let end: Buffer;
  try {
    sink.begin(all);
    take(held);
    await sink.write(held);
    signal.throwIfAborted();
    for (;;) {
      const { value, done } = await rest.next();
      if (done === true) throw new AppError('provider_failed', 'The provider ended its answer before it was whole.');
      const { bytes, hasContent, usage, characters = 0, isEnd } = value;
      call.saw(usage, hasContent, characters);
      if (isEnd) {
        end = bytes;
        break;
      }
      take(bytes);
      await sink.write(bytes);
      signal.throwIfAborted();
    }
    // Lets a provider that is done know that nobody reads on.
    await rest.return?.();
  } catch (thrown) {
    const error = toAppError(signal.aborted ? signal.reason : thrown);
    if (!signal.aborted) noteHealth(admission, error);
    entry.outcome = signal.aborted ? 'cancelled' : 'failed';
    entry.error_code = error.code;
    await Promise.resolve(rest.return?.()).catch(() => undefined);
    await call.finish(signal.aborted ? 'aborted' : 'failed', error).catch(() => undefined);
    sink.end(ingress.errorEvent(error));
    return;
  }
  try {
    await call.finish('ok');
    const event = told === null ? nothing : ingress.routingEvent(told);
    const place =
      told === null || event.length === 0 ? {} : { told: { at: copiedBytes, bytes: event.length, routing: told } };
    const last = Buffer.concat([event, end]);
    take(last);
    await keep?.(copiedBytes > keptBytesMax ? null : { ...keptOf(won, true, all, Buffer.concat(copy)), ...place });
    sink.end(last);
  } catch (thrown) {
    sink.end(ingress.errorEvent(toAppError(thrown)));
  }
}

function keptOf(won: Won, streamed: boolean, headers: Readonly<Record<string, string>>, body: Buffer): KeptAnswer {
  const { candidate, usage } = won.call;
  return {
    streamed,
    headers,
    body,
    model: modelId(candidate.target),
    promptTokens: usage.promptTokens,
    completionTokens: usage.completionTokens,
  };
}

/** What a request has cost, where that is known of each of its calls. A stream's head is sent before anybody knows. */
function costHeader(costs: readonly (NanoUsd | null)[]): Record<string, string> {
  let sum = 0n;
  for (const usd of costs) {
    if (usd === null) return {};
    sum += usd;
  }
  return { 'x-signalbox-cost-usd': formatUsd(sum) };
}

const nothing = Buffer.alloc(0);
const closeBrace = 0x7d;

/** A JSON object with `routing` as its last member, and otherwise as it was written. */
function withRouting(body: Buffer, routing: Routing): { body: Buffer; told: NonNullable<KeptAnswer['told']> } {
  const at = body.lastIndexOf(closeBrace);
  const isEmpty = body.subarray(0, at).toString().trim() === '{';
  const member = routingMember(routing, !isEmpty);
  return {
    body: Buffer.concat([body.subarray(0, at), member, body.subarray(at)]),
    told: { at, bytes: member.length, routing },
  };
}
