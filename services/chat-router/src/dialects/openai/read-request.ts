import type {
  ChatMessage,
  ChatRequest,
  Extra,
  Part,
  Reasoning,
  ResponseFormat,
  TextPart,
  Tool,
  ToolChoice,
} from '../chat-request.ts';
import { sourceOfUrl } from '../data-url.ts';
import { invalidRequest, unsupportedRequest } from '../invalid-request.ts';
import {
  booleanOf,
  isObject,
  memberOf,
  membersBeside,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
  textsOf,
  type JsonObject,
} from '../json.ts';
import { readSignature } from '../signature.ts';
import { signatureOfDetail } from './reasoning-details.ts';

/** What this dialect and ours both can say; everything else travels as `extra`. */
const knownMembers = new Set([
  ...['model', 'messages', 'tools', 'tool_choice', 'parallel_tool_calls', 'response_format', 'temperature', 'top_p'],
  ...['top_k', 'seed', 'frequency_penalty', 'presence_penalty', 'max_tokens', 'max_completion_tokens', 'stop'],
  ...['reasoning_effort', 'reasoning', 'verbosity', 'user', 'metadata', 'stream', 'stream_options'],
]);

/** A chat completion request as what it means. Throws `validation_failed` where that cannot be told. */
export function readRequest(body: JsonObject): ChatRequest {
  if (Array.isArray(body['functions']) && body['functions'].length > 0) {
    throw unsupportedRequest('functions', 'reaches OpenAI-compatible providers only. Use tools.');
  }
  const toolNames = new Map<string, string>();
  const messages: ChatMessage[] = [];
  const system: TextPart[] = [];
  for (const [index, message] of objectsOf(body['messages']).entries()) {
    const path = `messages.${String(index)}`;
    const role = message['role'];
    if (role === 'system' || role === 'developer') {
      const parts = textsOfContent(message['content'], path);
      if (messages.length === 0) system.push(...parts);
      else messages.push({ role: 'system', parts });
    } else if (role === 'assistant') {
      const parts = readAssistant(message, path);
      for (const part of parts) if (part.kind === 'tool_call') toolNames.set(part.id, part.name);
      messages.push({ role, parts });
    } else if (role === 'tool') {
      const result = readToolResult(message, path, toolNames);
      const last = messages.at(-1);
      if (last?.role === 'tool') messages[messages.length - 1] = { role, parts: [...last.parts, result] };
      else messages.push({ role, parts: [result] });
    } else if (role === 'user') {
      messages.push({ role, parts: readUser(message, path) });
    } else {
      throw unsupportedRequest(`${path}.role`, `${JSON.stringify(role)} reaches OpenAI-compatible providers only.`);
    }
  }
  const { stop } = body;
  const others = membersBeside(body, knownMembers);
  return {
    model: textOf(body['model']) ?? '',
    system,
    messages,
    tools: objectsOf(body['tools']).map(readTool),
    toolChoice: readToolChoice(body['tool_choice']),
    parallelToolCalls: booleanOf(body['parallel_tool_calls']),
    responseFormat: readResponseFormat(body['response_format']),
    sampling: {
      temperature: numberOf(body['temperature']),
      topP: numberOf(body['top_p']),
      topK: numberOf(body['top_k']),
      seed: numberOf(body['seed']),
      frequencyPenalty: numberOf(body['frequency_penalty']),
      presencePenalty: numberOf(body['presence_penalty']),
    },
    maxOutputTokens: numberOf(body['max_completion_tokens']) ?? numberOf(body['max_tokens']),
    stop:
      typeof stop === 'string' ? [stop] : Array.isArray(stop) ? stop.filter((text) => typeof text === 'string') : [],
    reasoning: readReasoning(body),
    verbosity: textOf(body['verbosity']),
    user: textOf(body['user']),
    metadata: textsOf(body['metadata']),
    stream: body['stream'] === true,
    extra: others === null ? null : { dialect: 'openai', members: others },
  };
}

const efforts = ['minimal', 'low', 'medium', 'high', 'xhigh'] as const;

/** `none` and `low` and so on in OpenAI's words; null where nothing is said. */
export function reasoningOfEffort(effort: unknown): Reasoning | null {
  if (effort === 'none') return { kind: 'off' };
  const known = efforts.find((name) => name === effort);
  if (known !== undefined) return { kind: 'effort', effort: known };
  return effort === 'max' ? { kind: 'effort', effort: 'xhigh' } : null;
}

/** `reasoning_effort`, or OpenRouter's `reasoning: { effort, max_tokens, enabled }`. */
function readReasoning(body: JsonObject): Reasoning | null {
  const { reasoning } = body;
  const tokens = numberOf(memberOf(reasoning, 'max_tokens'));
  if (tokens !== null) return { kind: 'budget', tokens };
  const enabled = memberOf(reasoning, 'enabled');
  if (enabled === false) return { kind: 'off' };
  return (
    reasoningOfEffort(body['reasoning_effort'] ?? memberOf(reasoning, 'effort')) ??
    (enabled === true ? { kind: 'adaptive' } : null)
  );
}

function textsOfContent(content: unknown, path: string): TextPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }];
  return objectsOf(content).map((part, index) => {
    const text = textOf(part['text']);
    if (text === null) throw invalidRequest(`${path}.content.${String(index)}`, 'holds no text.');
    return { kind: 'text', text, ...cacheControlOf(part) };
  });
}

/** Anthropic's marker within OpenAI's shape, as OpenRouter has it. */
function cacheControlOf(part: JsonObject): { extra?: Extra } {
  const cacheControl = objectOf(part['cache_control']);
  return cacheControl === null ? {} : { extra: { dialect: 'anthropic', members: { cache_control: cacheControl } } };
}

function readUser({ content }: JsonObject, path: string): Part[] {
  if (content === undefined || content === null) throw invalidRequest(`${path}.content`, 'is missing.');
  return readUserContent(content, path);
}

function readUserContent(content: unknown, path: string): Part[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  return objectsOf(content).map((part, index) => readContentPart(part, `${path}.content.${String(index)}`));
}

function readContentPart(part: Record<string, unknown>, path: string): Part {
  switch (part['type']) {
    case 'text':
      return { kind: 'text', text: textOf(part['text']) ?? '', ...cacheControlOf(part) };
    case 'image_url': {
      const given = part['image_url'];
      const url = textOf(given) ?? textOf(memberOf(given, 'url'));
      if (url === null) throw invalidRequest(`${path}.image_url.url`, 'holds no address.');
      return {
        kind: 'image',
        source: sourceOfUrl(url),
        detail: textOf(memberOf(given, 'detail')),
        ...cacheControlOf(part),
      };
    }
    case 'input_audio': {
      const [format, base64] = ['format', 'data'].map((name) => textOf(memberOf(part['input_audio'], name)));
      if (typeof format !== 'string' || typeof base64 !== 'string') {
        throw invalidRequest(`${path}.input_audio`, 'holds no sound.');
      }
      const mediaType = format === 'mp3' ? 'audio/mpeg' : `audio/${format}`;
      return { kind: 'file', source: { kind: 'data', mediaType, base64 }, name: null };
    }
    case 'file': {
      const [id, bytes, name] = ['file_id', 'file_data', 'filename'].map((key) => textOf(memberOf(part['file'], key)));
      if (typeof bytes === 'string') {
        const source = sourceOfUrl(bytes.startsWith('data:') ? bytes : `data:application/pdf;base64,${bytes}`);
        return { kind: 'file', source, name: name ?? null, ...cacheControlOf(part) };
      }
      if (typeof id !== 'string') throw invalidRequest(`${path}.file`, 'holds neither file_data nor file_id.');
      return { kind: 'file', source: { kind: 'id', id }, name: name ?? null };
    }
    default:
      return { kind: 'opaque', dialect: 'openai', value: part };
  }
}

function readAssistant(message: JsonObject, path: string): Part[] {
  const parts: Part[] = readThinking(message);
  const { content } = message;
  if (typeof content === 'string') {
    if (content !== '') parts.push({ kind: 'text', text: content });
  } else {
    for (const part of objectsOf(content)) {
      const text = textOf(part['text']) ?? textOf(part['refusal']);
      parts.push(
        text === null
          ? { kind: 'opaque', dialect: 'openai', value: part }
          : { kind: 'text', text, ...cacheControlOf(part) },
      );
    }
  }
  const refusal = textOf(message['refusal']);
  if (refusal !== null && refusal !== '') parts.push({ kind: 'text', text: refusal });
  for (const [index, call] of objectsOf(message['tool_calls']).entries()) {
    const [id, name] = [textOf(call['id']), textOf(memberOf(call['function'], 'name'))];
    if (id === null || name === null) {
      throw invalidRequest(`${path}.tool_calls.${String(index)}`, 'is no call of a function with an id.');
    }
    // Google's own name for it within OpenAI's shape.
    const signature = textOf(memberOf(memberOf(call['extra_content'], 'google'), 'thought_signature'));
    parts.push({
      kind: 'tool_call',
      id,
      name,
      arguments: textOf(memberOf(call['function'], 'arguments')) ?? '',
      signature: signature === null ? null : readSignature(signature, 'gemini'),
    });
  }
  return parts;
}

function readThinking(message: JsonObject): Part[] {
  const details = objectsOf(message['reasoning_details']);
  if (details.length > 0) {
    return details.map((detail) => {
      const text = textOf(detail['text']) ?? textOf(detail['summary']) ?? '';
      return { kind: 'thinking', text, signature: signatureOfDetail(detail) };
    });
  }
  const text = textOf(message['reasoning_content']) ?? textOf(message['reasoning']);
  return text === null || text === '' ? [] : [{ kind: 'thinking', text, signature: null }];
}

function readToolResult(message: JsonObject, path: string, toolNames: ReadonlyMap<string, string>): Part {
  const toolCallId = textOf(message['tool_call_id']);
  if (toolCallId === null) throw invalidRequest(`${path}.tool_call_id`, 'is missing.');
  const parts = readUserContent(message['content'], path).filter(
    (part) => part.kind === 'text' || part.kind === 'image' || part.kind === 'file',
  );
  return { kind: 'tool_result', toolCallId, toolName: toolNames.get(toolCallId) ?? null, parts, isError: false };
}

function readTool(tool: Record<string, unknown>): Tool {
  const given = tool['function'];
  const name = textOf(memberOf(given, 'name'));
  if (tool['type'] !== 'function' || name === null) return { kind: 'opaque', dialect: 'openai', value: tool };
  return {
    kind: 'function',
    name,
    description: textOf(memberOf(given, 'description')),
    parameters: objectOf(memberOf(given, 'parameters')),
    strict: booleanOf(memberOf(given, 'strict')),
    ...cacheControlOf(tool),
  };
}

/** The words of OpenAI's two dialects: `auto`, `none`, `required` (Mistral's `any`), or one function by its name. */
export function readToolChoice(choice: unknown): ToolChoice | null {
  if (choice === 'auto' || choice === 'none') return { kind: choice };
  if (choice === 'required' || choice === 'any') return { kind: 'required' };
  if (!isObject(choice)) return null;
  const name = textOf(memberOf(choice['function'], 'name')) ?? textOf(choice['name']);
  if (choice['type'] === 'function' && name !== null) return { kind: 'tool', name };
  const mode = memberOf(choice['allowed_tools'], 'mode');
  return mode === undefined ? null : readToolChoice(mode);
}

function readResponseFormat(format: unknown): ResponseFormat | null {
  if (!isObject(format)) return null;
  return format['type'] === 'json_object' ? { kind: 'json' } : readJsonSchema(format['json_schema']);
}

/** `{ name, description, schema, strict }`. */
export function readJsonSchema(given: unknown): ResponseFormat | null {
  const schema = objectOf(memberOf(given, 'schema'));
  if (schema === null) return null;
  return {
    kind: 'json_schema',
    name: textOf(memberOf(given, 'name')) ?? 'answer',
    description: textOf(memberOf(given, 'description')),
    schema,
    strict: booleanOf(memberOf(given, 'strict')),
  };
}
