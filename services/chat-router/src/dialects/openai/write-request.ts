import type {
  ChatMessage,
  ChatRequest,
  Part,
  Reasoning,
  ResponseFormat,
  Source,
  Tool,
  ToolChoice,
} from '../chat-request.ts';
import { dataUrl } from '../data-url.ts';
import { unsupportedRequest } from '../invalid-request.ts';
import { present } from '../json.ts';
import { lostMembers, type WrittenRequest } from '../written-request.ts';
import { detailOfSignature } from './reasoning-details.ts';

type Json = Record<string, unknown>;

/** A chat completion request of OpenAI's dialect that means the same. */
export function writeRequest(request: ChatRequest): WrittenRequest {
  const { sampling, stop, tools, extra } = request;
  const dropped = lostMembers(request, 'openai');
  if (sampling.topK !== null) dropped.push('top_k');
  const body = {
    ...(extra?.dialect === 'openai' ? extra.members : {}),
    ...present({
      model: request.model,
      messages: [
        ...(request.system.length === 0 ? [] : [{ role: 'system', content: contentOf(request.system) }]),
        ...request.messages.flatMap(writeMessage),
      ],
      tools: tools.length === 0 ? null : tools.flatMap((tool) => writeTool(tool, dropped)),
      tool_choice: request.toolChoice === null ? null : writeToolChoice(request.toolChoice),
      parallel_tool_calls: tools.length === 0 ? null : request.parallelToolCalls,
      response_format: request.responseFormat === null ? null : writeResponseFormat(request.responseFormat),
      temperature: sampling.temperature,
      top_p: sampling.topP,
      seed: sampling.seed,
      frequency_penalty: sampling.frequencyPenalty,
      presence_penalty: sampling.presencePenalty,
      max_completion_tokens: request.maxOutputTokens,
      stop: stop.length === 0 ? null : stop,
      reasoning_effort: request.reasoning === null ? null : effortOf(request.reasoning),
      verbosity: request.verbosity,
      user: request.user,
      metadata: Object.keys(request.metadata).length === 0 ? null : request.metadata,
      stream: request.stream ? true : null,
      stream_options: request.stream ? { include_usage: true } : null,
    }),
  };
  return { body, dropped };
}

/** OpenAI's word for an amount of thinking; null where the model is to see for itself. */
function effortOf(reasoning: Reasoning): string | null {
  switch (reasoning.kind) {
    case 'off':
      return 'none';
    case 'adaptive':
      return null;
    case 'effort':
      return reasoning.effort;
    case 'budget':
      return reasoning.tokens <= 2_048 ? 'low' : reasoning.tokens <= 16_384 ? 'medium' : 'high';
  }
}

function writeMessage({ role, parts }: ChatMessage): Json[] {
  switch (role) {
    case 'system':
    case 'user':
      return [{ role, content: contentOf(parts) }];
    case 'assistant':
      return [writeAssistant(parts)];
    case 'tool':
      return writeToolResults(parts);
  }
}

function writeAssistant(parts: readonly Part[]): Json {
  const texts = parts.filter((part) => part.kind === 'text').map(({ text }) => text);
  const thinking = parts.filter((part) => part.kind === 'thinking');
  const sealed = thinking.filter((part) => part.signature !== null);
  const thought = thinking.map(({ text }) => text).join('');
  const calls = parts
    .filter((part) => part.kind === 'tool_call')
    .map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments === '' ? '{}' : call.arguments },
      ...(call.signature?.dialect === 'gemini'
        ? { extra_content: { google: { thought_signature: call.signature.value } } }
        : {}),
    }));
  return {
    role: 'assistant',
    content: texts.length === 0 ? (calls.length > 0 ? null : '') : texts.join(''),
    ...(thought === '' ? {} : { reasoning_content: thought }),
    ...(sealed.length === 0
      ? {}
      : {
          reasoning_details: sealed.flatMap(({ text, signature }, index) =>
            signature === null ? [] : [detailOfSignature(signature, text, index)],
          ),
        }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** A tool's result is text here; the images and files that it brought follow as if the user had sent them. */
function writeToolResults(parts: readonly Part[]): Json[] {
  const attachments: Part[] = [];
  const messages: Json[] = parts
    .filter((part) => part.kind === 'tool_result')
    .map((result) => {
      const texts = result.parts.filter((part) => part.kind === 'text').map(({ text }) => text);
      attachments.push(...result.parts.filter((part) => part.kind !== 'text'));
      return { role: 'tool', tool_call_id: result.toolCallId, content: texts.join('\n') };
    });
  return attachments.length === 0 ? messages : [...messages, { role: 'user', content: contentOf(attachments) }];
}

/** One text as a string, which every server understands; more, or anything else, as parts. */
function contentOf(parts: readonly Part[]): string | Json[] {
  const [first, ...others] = parts;
  if (first === undefined) return '';
  if (first.kind === 'text' && others.length === 0) return first.text;
  return parts.flatMap((part) => {
    switch (part.kind) {
      case 'text':
        return [{ type: 'text', text: part.text }];
      case 'image':
        return [{ type: 'image_url', image_url: present({ url: urlOf(part.source), detail: part.detail }) }];
      case 'file':
        return [writeFile(part.source, part.name)];
      case 'opaque':
        return part.dialect === 'openai' ? [part.value] : [];
      case 'thinking':
      case 'tool_call':
      case 'tool_result':
        return [];
    }
  });
}

function urlOf(source: Source): string {
  switch (source.kind) {
    case 'data':
      return dataUrl(source.mediaType, source.base64);
    case 'url':
      return source.url;
    case 'id':
      throw unsupportedRequest('messages', 'an image uploaded to one provider cannot be shown to another.');
  }
}

function writeFile(source: Source, name: string | null): Json {
  if (source.kind === 'data' && source.mediaType.startsWith('audio/')) {
    const format = source.mediaType === 'audio/mpeg' ? 'mp3' : source.mediaType.slice('audio/'.length);
    return { type: 'input_audio', input_audio: { data: source.base64, format } };
  }
  switch (source.kind) {
    case 'data': {
      const file = { filename: name ?? 'document', file_data: dataUrl(source.mediaType, source.base64) };
      return { type: 'file', file };
    }
    case 'id':
      return { type: 'file', file: { file_id: source.id } };
    case 'url':
      throw unsupportedRequest('messages', 'a file by its address cannot be sent to this provider; send its bytes.');
  }
}

function writeTool(tool: Tool, dropped: string[]): Json[] {
  if (tool.kind === 'opaque') {
    if (tool.dialect === 'openai') return [tool.value];
    dropped.push(`tools.${String(tool.value['type'])}`);
    return [];
  }
  const { name, description, parameters, strict } = tool;
  return [{ type: 'function', function: present({ name, description, parameters, strict }) }];
}

function writeToolChoice(choice: ToolChoice): unknown {
  return choice.kind === 'tool' ? { type: 'function', function: { name: choice.name } } : choice.kind;
}

function writeResponseFormat(format: ResponseFormat): Json {
  if (format.kind === 'json') return { type: 'json_object' };
  const { name, description, schema, strict } = format;
  return { type: 'json_schema', json_schema: present({ name, description, schema, strict }) };
}
