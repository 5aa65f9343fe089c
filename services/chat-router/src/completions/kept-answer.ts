import type { Routing, RoutingCache } from '@signalbox/contracts';
import type { AnswerSink } from './answer-sink.ts';
import type { Ingress } from './ingress.ts';

/** A whole answer as it was sent, to be sent again. */
export interface KeptAnswer {
  streamed: boolean;
  headers: Readonly<Record<string, string>>;
  /** A document, or all events of a stream with the one that ends it. */
  body: Buffer;
  /** `provider/model`. */
  model: string;
  promptTokens: number | null;
  completionTokens: number | null;
  /** Where `body` tells how its model was found, so that another thing can be told in its place. Absent: it does not. */
  told?: { at: number; bytes: number; routing: Routing };
}

/** What is larger is not kept. */
export const keptBytesMax = 8 * 1_048_576;

const lineFeed = 0x0a;

/** One line of JSON about it, and the body. */
export function encodeKept({ body, ...about }: KeptAnswer): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(about)}\n`), body]);
}

/** Null for what is none. */
export function decodeKept(bytes: Buffer): KeptAnswer | null {
  const end = bytes.indexOf(lineFeed);
  try {
    const about = JSON.parse(bytes.toString('utf8', 0, end)) as Omit<KeptAnswer, 'body'>;
    return typeof about.model === 'string' ? { ...about, body: bytes.subarray(end + 1) } : null;
  } catch {
    return null;
  }
}

/** Sends a kept answer as it was, but for `more` in its head. */
export function sendKept(
  sink: AnswerSink,
  { streamed, headers, body }: KeptAnswer,
  more: Record<string, string>,
): void {
  const all = { ...headers, ...more };
  if (!streamed) {
    sink.document(all, body);
    return;
  }
  sink.begin(all);
  sink.end(body);
}

/** The same answer, telling what it is given for now where it told how it was made. */
export function retold<Body>(
  kept: KeptAnswer,
  cache: RoutingCache,
  ingress: Pick<Ingress<Body>, 'routingEvent'>,
): KeptAnswer {
  const { told, body, streamed } = kept;
  if (told === undefined) return kept;
  const routing = { ...told.routing, reason: reasonOf(cache), cache };
  const piece = streamed ? ingress.routingEvent(routing) : routingMember(routing, body[told.at] === comma);
  return {
    ...kept,
    body: Buffer.concat([body.subarray(0, told.at), piece, body.subarray(told.at + told.bytes)]),
    told: { at: told.at, bytes: piece.length, routing },
  };
}

/** `"routing":{…}`, for the end of an object. */
export function routingMember(routing: Routing, isFollowing: boolean): Buffer {
  return Buffer.from(`${isFollowing ? ',' : ''}"routing":${JSON.stringify(routing)}`);
}

const comma = 0x2c;

function reasonOf({ kind }: RoutingCache): string {
  return kind === 'exact'
    ? 'an answer was kept for the very same request'
    : 'an answer was kept for a question of like meaning';
}
