import { eventsOfAnswer, type ChatAnswer } from '../chat-answer.ts';
import type { AnswerEnvelope } from '../stream-writer.ts';
import { ResponsesStreamWriter } from './write-stream.ts';

/** An answer as a `response`: what a stream of it would have ended in. */
export function writeAnswer(answer: ChatAnswer, envelope: AnswerEnvelope): Record<string, unknown> {
  const writer = new ResponsesStreamWriter(envelope);
  writer.write([...eventsOfAnswer(answer)]);
  writer.end();
  return writer.response();
}
