import * as anthropic from './anthropic/write-answer.ts';
import { AnthropicStreamWriter } from './anthropic/write-stream.ts';
import type { ChatAnswer } from './chat-answer.ts';
import type { DialectName } from './chat-request.ts';
import * as responses from './openai-responses/write-answer.ts';
import { ResponsesStreamWriter } from './openai-responses/write-stream.ts';
import * as openai from './openai/write-answer.ts';
import { OpenAiStreamWriter } from './openai/write-stream.ts';
import type { AnswerEnvelope, StreamWriter } from './stream-writer.ts';

/** How answers are told to clients of one dialect. */
export interface ClientDialect {
  writeAnswer(answer: ChatAnswer, envelope: AnswerEnvelope): Record<string, unknown>;
  createStreamWriter(envelope: AnswerEnvelope): StreamWriter;
}

const dialects: Readonly<Record<Exclude<DialectName, 'gemini'>, ClientDialect>> = {
  openai: {
    writeAnswer: openai.writeAnswer,
    createStreamWriter: (envelope) => new OpenAiStreamWriter(envelope),
  },
  openai_responses: {
    writeAnswer: responses.writeAnswer,
    createStreamWriter: (envelope) => new ResponsesStreamWriter(envelope),
  },
  anthropic: {
    writeAnswer: anthropic.writeAnswer,
    createStreamWriter: (envelope) => new AnthropicStreamWriter(envelope),
  },
};

/** Gemini's dialect is spoken to providers only. */
export function clientDialect(name: DialectName): ClientDialect {
  if (name === 'gemini') throw new TypeError('No client speaks this dialect here.');
  return dialects[name];
}
