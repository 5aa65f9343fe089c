import type { ResponseRequest } from '@signalbox/contracts';
import { describeChat } from '../completions/describe-chat.ts';
import type { Ingress } from '../completions/ingress.ts';
import { errorEvent, event } from '../dialects/openai-responses/event.ts';
import { readRequest } from '../dialects/openai-responses/read-request.ts';

/** `POST /v1/responses`. Describing a request refuses one that needs earlier answers, whoever would be asked. */
export const openAiResponses: Ingress<ResponseRequest> = {
  dialect: 'openai_responses',
  operation: 'chat',
  isStream: ({ stream }) => stream === true,
  describe: (request) => describeChat(readRequest(request)),
  toChat: readRequest,
  errorEvent,
  // Of a type that clients do not know, and so pass over.
  routingEvent: (routing) => Buffer.from(event('signalbox.routing', { routing })),
};
