import type { ChatCompletionRequest } from '@signalbox/contracts';
import { errorEvent, event } from '../dialects/openai/event.ts';
import { readRequest } from '../dialects/openai/read-request.ts';
import type { RequestFacts } from '../routing/request-facts.ts';
import type { Ingress } from './ingress.ts';

/** `POST /v1/chat/completions`. */
export const openAiChat: Ingress<ChatCompletionRequest> = {
  dialect: 'openai',
  operation: 'chat',
  isStream: ({ stream }) => stream === true,
  describe,
  instructed: ({ messages }, content) => ({ messages: [{ role: 'system', content }, ...messages] }),
  toChat: readRequest,
  errorEvent,
  // A chunk without choices is what the one with the usage is too.
  routingEvent: (routing) =>
    event({
      id: 'chatcmpl-routing',
      object: 'chat.completion.chunk',
      created: 0,
      model: routing.chosen ?? '',
      choices: [],
      routing,
    }),
};

function describe(request: ChatCompletionRequest): RequestFacts {
  const { model, messages, tools, functions, response_format: format, reasoning_effort: effort } = request;
  let [characters, images] = [0, 0];
  for (const { content, tool_calls: calls } of messages) {
    if (typeof content === 'string') characters += content.length;
    else if (Array.isArray(content)) {
      for (const part of content) {
        // A document is looked at page by page: it takes eyes as well.
        if (part.type === 'image_url' || part.type === 'file') images += 1;
        else if (typeof part['text'] === 'string') characters += part['text'].length;
      }
    }
    if (Array.isArray(calls)) characters += JSON.stringify(calls).length;
  }
  const hasTools = isNonEmptyList(tools) || isNonEmptyList(functions);
  if (hasTools) characters += JSON.stringify(tools ?? functions).length;
  return {
    model,
    needs: {
      vision: images > 0,
      tools: hasTools,
      jsonSchema: memberOf(format, 'type') === 'json_schema',
      reasoning: typeof effort === 'string' && effort !== 'none' && effort !== 'minimal',
    },
    inputCharacters: characters,
    messages: messages.length,
    images,
    outputTokensMax: request.max_completion_tokens ?? request.max_tokens ?? null,
    ...(typeof request['n'] === 'number' && request['n'] > 1 ? { answers: Math.ceil(request['n']) } : {}),
    metadata: textsOf(request['metadata']),
    isDeterministic: request['temperature'] === 0,
  };
}

function isNonEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
