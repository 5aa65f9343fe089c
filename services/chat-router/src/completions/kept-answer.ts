import type { AnswerSink } from './answer-sink.ts';

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
export function sendKept(sink: AnswerSink, { streamed, headers, body }: KeptAnswer, more: Record<string, string>): void {
  const all = { ...headers, ...more };
  if (!streamed) {
    sink.document(all, body);
    return;
  }
  sink.begin(all);
  sink.end(body);
}
