import type { MessageRequest } from '@signalbox/contracts';
import { describeChat } from '../completions/describe-chat.ts';
import type { NotingIngress } from '../asking/answer-over-chat.ts';
import { errorEvent, event } from '../dialects/anthropic/event.ts';
import { readRequest } from '../dialects/anthropic/read-request.ts';

/** `POST /v1/messages`. */
export const anthropicMessages: NotingIngress<MessageRequest> = {
  dialect: 'anthropic',
  operation: 'chat',
  vendorHeaders: ['anthropic-beta'],
  isStream: ({ stream }) => stream === true,
  describe: (request) => describeChat(readRequest(request)),
  instructed({ system = '' }, text) {
    if (typeof system !== 'string') return { system: [{ type: 'text', text }, ...system] };
    return { system: system === '' ? text : `${text}\n\n${system}` };
  },
  toChat: readRequest,
  errorEvent,
  // Clients pass over a ping, whatever it holds.
  routingEvent: (routing) => Buffer.from(event('ping', { routing })),
  signalboxEvent: (note) => Buffer.from(event('ping', { signalbox: note })),
};
