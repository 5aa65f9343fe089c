import type {
  ChatMessage,
  ChatRequest,
  Extra,
  FilePart,
  ImagePart,
  Part,
  Reasoning,
  ResponseFormat,
  Source,
  TextPart,
  Tool,
  ToolChoice,
  ToolResultPart,
} from '../chat-request.ts';
import { invalidRequest } from '../invalid-request.ts';
import {
  booleanOf,
  isObject,
  memberOf,
  membersBeside,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
  type JsonObject,
} from '../json.ts';
import { reasoningOfEffort } from '../openai/read-request.ts';
import { readSignature } from '../signature.ts';

const knownMembers = new Set([
  ...['model', 'messages', 'system', 'tools', 'tool_choice', 'temperature', 'top_p', 'top_k', 'max_tokens'],
  ...['stop_sequences', 'thinking', 'metadata', 'stream', 'output_config'],
]);

/** A request of Anthropic's Messages API as what it means. Throws `validation_failed` where that cannot be told. */
export function readRequest(body: JsonObject): ChatRequest {
  const toolNames = new Map<string, string>();
  const messages = objectsOf(body['messages']).flatMap((message, index) =>
    readMessage(message, `messages.${String(index)}`, toolNames),
  );
  const toolChoice = objectOf(body['tool_choice']);
  const disablesParallel = booleanOf(toolChoice?.['disable_parallel_tool_use']);
  const config = objectOf(body['output_config']);
  const others = membersBeside(body, knownMembers) ?? {};
  const otherConfig = config === null ? null : membersBeside(config, new Set(['format', 'effort']));
  if (otherConfig !== null) others['output_config'] = otherConfig;
  return {
    model: textOf(body['model']) ?? '',
    system: readTexts(body['system']),
    messages,
    tools: objectsOf(body['tools']).map(readTool),
    toolChoice: toolChoice === null ? null : readToolChoice(toolChoice),
    parallelToolCalls: disablesParallel === null ? null : !disablesParallel,
    responseFormat: readFormat(config?.['format']),
    sampling: {
      temperature: numberOf(body['temperature']),
      topP: numberOf(body['top_p']),
      topK: numberOf(body['top_k']),
      seed: null,
      frequencyPenalty: null,
      presencePenalty: null,
    },
    maxOutputTokens: numberOf(body['max_tokens']),
    stop: Array.isArray(body['stop_sequences'])
      ? body['stop_sequences'].filter((text) => typeof text === 'string')
      : [],
    reasoning: readReasoning(body['thinking'], config?.['effort']),
    verbosity: null,
    user: textOf(memberOf(body['metadata'], 'user_id')),
    metadata: {},
    stream: body['stream'] === true,
    extra: Object.keys(others).length === 0 ? null : { dialect: 'anthropic', members: others },
  };
}

function readReasoning(thinking: unknown, effort: unknown): Reasoning | null {
  const type = memberOf(thinking, 'type');
  const tokens = numberOf(memberOf(thinking, 'budget_tokens'));
  if (type === 'disabled') return { kind: 'off' };
  if (type === 'enabled' && tokens !== null) return { kind: 'budget', tokens };
  return reasoningOfEffort(effort) ?? (type === 'adaptive' ? { kind: 'adaptive' } : null);
}

function readFormat(format: unknown): ResponseFormat | null {
  const schema = objectOf(memberOf(format, 'schema'));
  return schema === null ? null : { kind: 'json_schema', name: 'answer', description: null, schema, strict: true };
}

/** A user's message that brings results of tools is two of ours: the results, then what the user says to them. */
function readMessage(message: JsonObject, path: string, toolNames: Map<string, string>): ChatMessage[] {
  const { role, content } = message;
  if (role === 'system') return [{ role, parts: readTexts(content) }];
  if (typeof content === 'string') {
    return [{ role: role === 'assistant' ? 'assistant' : 'user', parts: [{ kind: 'text', text: content }] }];
  }
  const blocks = objectsOf(content);
  if (role === 'assistant') return [{ role, parts: readAssistant(blocks, path, toolNames) }];
  const results: ToolResultPart[] = [];
  const said: Part[] = [];
  for (const [index, block] of blocks.entries()) {
    const place = `${path}.content.${String(index)}`;
    if (block['type'] === 'tool_result') results.push(readToolResult(block, place, toolNames));
    else said.push(readBlock(block, place));
  }
  return [
    ...(results.length > 0 ? [{ role: 'tool' as const, parts: results }] : []),
    ...(said.length > 0 || results.length === 0 ? [{ role: 'user' as const, parts: said }] : []),
  ];
}

function readAssistant(blocks: Record<string, unknown>[], path: string, toolNames: Map<string, string>): Part[] {
  const parts: Part[] = [];
  for (const [index, block] of blocks.entries()) {
    switch (block['type']) {
      case 'thinking':
      case 'redacted_thinking': {
        const redacted = block['type'] === 'redacted_thinking';
        const value = textOf(block[redacted ? 'data' : 'signature']);
        const signature = value === null || value === '' ? null : readSignature(value, 'anthropic', redacted);
        parts.push({ kind: 'thinking', text: textOf(block['thinking']) ?? '', signature });
        break;
      }
      case 'tool_use': {
        const [id, name] = [textOf(block['id']), textOf(block['name'])];
        if (id === null || name === null)
          throw invalidRequest(`${path}.content.${String(index)}`, 'has no id or no name.');
        toolNames.set(id, name);
        // Where another provider seals a call itself, its seal was sent as a thinking block before the call.
        const before = parts.at(-1);
        const seals = before?.kind === 'thinking' && before.text === '' && before.signature?.dialect === 'gemini';
        if (seals) parts.pop();
        parts.push({
          kind: 'tool_call',
          id,
          name,
          arguments: JSON.stringify(block['input'] ?? {}),
          signature: seals ? before.signature : null,
        });
        break;
      }
      default:
        parts.push(readBlock(block, `${path}.content.${String(index)}`));
    }
  }
  return parts;
}

function readBlock(block: Record<string, unknown>, path: string): TextPart | ImagePart | FilePart | Part {
  switch (block['type']) {
    case 'text':
      return { kind: 'text', text: textOf(block['text']) ?? '', ...extraOf(block, ['type', 'text']) };
    case 'image':
      return {
        kind: 'image',
        source: readSource(block['source'], path),
        detail: null,
        ...extraOf(block, ['type', 'source']),
      };
    case 'document': {
      const { source, title } = block;
      const extra = extraOf(block, ['type', 'source', 'title']);
      const type = memberOf(source, 'type');
      if (type === 'content') return { kind: 'opaque', dialect: 'anthropic', value: block };
      if (type === 'text') return { kind: 'text', text: textOf(memberOf(source, 'data')) ?? '', ...extra };
      return { kind: 'file', source: readSource(source, path), name: textOf(title), ...extra };
    }
    default:
      return { kind: 'opaque', dialect: 'anthropic', value: block };
  }
}

function readSource(source: unknown, path: string): Source {
  const [mediaType, base64] = [textOf(memberOf(source, 'media_type')), textOf(memberOf(source, 'data'))];
  const [url, id] = [textOf(memberOf(source, 'url')), textOf(memberOf(source, 'file_id'))];
  if (mediaType !== null && base64 !== null) return { kind: 'data', mediaType, base64 };
  if (url !== null) return { kind: 'url', url };
  if (id !== null) return { kind: 'id', id };
  throw invalidRequest(`${path}.source`, 'holds neither bytes nor an address.');
}

function readToolResult(block: JsonObject, path: string, toolNames: ReadonlyMap<string, string>): ToolResultPart {
  const toolCallId = textOf(block['tool_use_id']);
  if (toolCallId === null) throw invalidRequest(`${path}.tool_use_id`, 'is missing.');
  const { content } = block;
  const parts =
    typeof content === 'string'
      ? [{ kind: 'text' as const, text: content }]
      : objectsOf(content)
          .map((one, index) => readBlock(one, `${path}.content.${String(index)}`))
          .filter((part) => part.kind === 'text' || part.kind === 'image' || part.kind === 'file');
  return {
    kind: 'tool_result',
    toolCallId,
    toolName: toolNames.get(toolCallId) ?? null,
    parts,
    isError: block['is_error'] === true,
    ...extraOf(block, ['type', 'tool_use_id', 'content', 'is_error']),
  };
}

function readTexts(content: unknown): TextPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }];
  return objectsOf(content).map((block) => ({
    kind: 'text',
    text: textOf(block['text']) ?? '',
    ...extraOf(block, ['type', 'text']),
  }));
}

function readTool(tool: Record<string, unknown>): Tool {
  const [name, type] = [textOf(tool['name']), tool['type']];
  const schema = objectOf(tool['input_schema']);
  if (name === null || schema === null || (type !== 'custom' && type !== undefined && type !== null)) {
    return { kind: 'opaque', dialect: 'anthropic', value: tool };
  }
  return {
    kind: 'function',
    name,
    description: textOf(tool['description']),
    parameters: schema,
    strict: booleanOf(tool['strict']),
    ...extraOf(tool, ['name', 'type', 'input_schema', 'description', 'strict']),
  };
}

function readToolChoice(choice: JsonObject): ToolChoice | null {
  const { type } = choice;
  if (type === 'auto' || type === 'none') return { kind: type };
  if (type === 'any') return { kind: 'required' };
  const name = textOf(choice['name']);
  return type === 'tool' && name !== null ? { kind: 'tool', name } : null;
}

function extraOf(object: JsonObject, known: readonly string[]): { extra?: Extra } {
  const members = membersBeside(object, new Set(known));
  return members === null || !isObject(members) ? {} : { extra: { dialect: 'anthropic', members } };
}
