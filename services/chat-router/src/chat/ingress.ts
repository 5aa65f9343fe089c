import type { ChatCompletionRequest, ChatInput } from '@signalbox/contracts';
import type { Ingress } from '../completions/ingress.ts';
import { openAiChat } from '../completions/openai-ingress.ts';

/** `POST /api/v1/chat`, which is asked as a chat completion. */
export const plainChat: Ingress<ChatInput> = {
  ...openAiChat,
  isStream: ({ stream }) => stream,
  describe: (input) => openAiChat.describe(toCompletion(input)),
  instructed: (input, instructions) => openAiChat.instructed(toCompletion(input), instructions),
  toChat: (input) => openAiChat.toChat(toCompletion(input)),
};

/** The same as a chat completion request. */
export function toCompletion({ signalbox: _options, stream, ...others }: ChatInput): ChatCompletionRequest {
  return { ...others, ...(stream ? { stream, stream_options: { include_usage: true } } : {}) };
}
