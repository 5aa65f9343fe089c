import type { AnswerSink } from '../completions/answer-sink.ts';

/** A whole answer as it would have been sent. */
export interface CollectedDocument {
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

/** Takes a document in place of a client. */
export async function collectDocument(send: (sink: AnswerSink) => Promise<void>): Promise<CollectedDocument> {
  const collected: CollectedDocument[] = [];
  const unexpected = (): never => {
    throw new TypeError('a document was asked for, not a stream');
  };
  await send({
    hasBegun: false,
    document(headers, body) {
      collected.push({ headers, body });
    },
    begin: unexpected,
    write: unexpected,
    end: unexpected,
  });
  const [document] = collected;
  if (document === undefined) throw new TypeError('answered without an answer');
  return document;
}
