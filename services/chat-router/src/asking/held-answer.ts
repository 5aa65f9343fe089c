import type { AnswerSink } from '../completions/answer-sink.ts';

/** An answer as it was sent, but for its end. */
export interface HeldAnswer {
  streamed: boolean;
  headers: Readonly<Record<string, string>>;
  /** A document, or all events of a stream with those that end it. */
  body: Buffer;
}

/** A sink that lets everything through but the end, so that something can be done between an answer and its end. */
export interface HoldingSink {
  readonly sink: AnswerSink;
  /** What was answered; null where nothing was, or where it is larger than may be held. */
  answer(): HeldAnswer | null;
  /** The document, or what ends the stream; null while there is none. */
  readonly end: Buffer | null;
  /** Sends the end. */
  release(): void;
}

export function holdEnd(sink: AnswerSink, bytesMax: number): HoldingSink {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let headers: Readonly<Record<string, string>> = {};
  let end: Buffer | null = null;
  let release = (): void => undefined;
  let streamed = false;
  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
  };
  return {
    sink: {
      get hasBegun() {
        return sink.hasBegun;
      },
      document(given, body) {
        headers = given;
        take(body);
        end = body;
        release = () => {
          sink.document(given, body);
        };
      },
      begin(given) {
        headers = given;
        streamed = true;
        sink.begin(given);
      },
      write(chunk) {
        take(chunk);
        return sink.write(chunk);
      },
      end(chunk) {
        take(chunk);
        end = chunk;
        release = () => {
          sink.end(chunk);
        };
      },
    },
    answer: () => (end === null || bytes > bytesMax ? null : { streamed, headers, body: Buffer.concat(chunks) }),
    get end() {
      return end;
    },
    release: () => {
      release();
    },
  };
}
