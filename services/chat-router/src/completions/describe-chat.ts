import type { ChatRequest, Part } from '../dialects/chat-request.ts';
import type { RequestFacts } from '../routing/request-facts.ts';

/** What choosing a model needs to know of a chat request. */
export function describeChat(request: ChatRequest): RequestFacts {
  const { model, messages, system, tools, responseFormat, reasoning, maxOutputTokens, metadata, sampling } = request;
  const size = { characters: 0, images: 0 };
  for (const part of system) size.characters += part.text.length;
  for (const { parts } of messages) for (const part of parts) measure(part, size);
  if (tools.length > 0) size.characters += JSON.stringify(tools).length;
  return {
    model,
    needs: {
      vision: size.images > 0,
      tools: tools.length > 0,
      jsonSchema: responseFormat?.kind === 'json_schema',
      reasoning: reasoning !== null && reasoning.kind !== 'off',
    },
    inputCharacters: size.characters,
    messages: messages.length,
    images: size.images,
    outputTokensMax: maxOutputTokens,
    metadata,
    isDeterministic: sampling.temperature === 0,
  };
}

function measure(part: Part, size: { characters: number; images: number }): void {
  switch (part.kind) {
    case 'text':
    case 'thinking':
      size.characters += part.text.length;
      break;
    case 'image':
      size.images += 1;
      break;
    case 'tool_call':
      size.characters += part.name.length + part.arguments.length;
      break;
    case 'tool_result':
      for (const one of part.parts) measure(one, size);
      break;
    case 'file':
      // A document is looked at page by page; sound is not.
      if (part.source.kind !== 'data' || !part.source.mediaType.startsWith('audio/')) size.images += 1;
      break;
    case 'opaque':
      break;
  }
}
