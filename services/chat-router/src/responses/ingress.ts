import type { ResponseRequest } from '@signalbox/contracts';
import { describeChat } from '../completions/describe-chat.ts';
import type { NotingIngress } from '../asking/answer-over-chat.ts';
import { errorEvent, event } from '../dialects/openai-responses/event.ts';
import { readRequest } from '../dialects/openai-responses/read-request.ts';

/** `POST /v1/responses`. Describing a request refuses one that needs earlier answers, whoever would be asked. */
export const openAiResponses: NotingIngress<ResponseRequest> = {
  dialect: 'openai_responses',
  operation: 'chat',
  isStream: ({ stream }) => stream === true,
  describe: (request) => describeChat(readRequest(request)),
  instructed: ({ instructions: given }, text) => ({
    instructions: given === undefined || given === null || given === '' ? text : `${text}\n\n${given}`,
  }),
  toChat: readRequest,
  errorEvent,
  // Clients pass over a keepalive, whatever it holds. OpenAI's own refuses a type that it does not know.
  routingEvent: (routing) => Buffer.from(event('keepalive', { routing })),
  signalboxEvent: (note) => Buffer.from(event('keepalive', { signalbox: note })),
};
