import type { ChatMessage, ChatRequest, Part, TextPart, Tool, ToolResultPart } from '../chat-request.ts';
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
import { readJsonSchema, readToolChoice, reasoningOfEffort } from '../openai/read-request.ts';
import { readSignature } from '../signature.ts';

const knownMembers = new Set([
  ...['model', 'input', 'instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'text', 'temperature', 'top_p'],
  ...['max_output_tokens', 'reasoning', 'user', 'metadata', 'stream', 'stream_options', 'store', 'include'],
]);

/** What would need an earlier answer, or somewhere to keep one. Nothing is kept here. */
const stateful = ['previous_response_id', 'conversation', 'background', 'prompt'];

/** Throws `validation_failed` for what needs answers to be kept: the same for every provider, those too that could. */
function refuseState(body: JsonObject): void {
  for (const name of stateful) {
    const value = body[name];
    if (value === undefined || value === null || value === false) continue;
    throw unsupportedRequest(
      name,
      'answers are not kept here (store is false). Send the whole conversation as `input`.',
    );
  }
  for (const [index, item] of objectsOf(body['input']).entries()) {
    if (item['type'] === 'item_reference') {
      throw unsupportedRequest(
        `input.${String(index)}`,
        'this item is not kept here, or no longer. Send the item itself.',
      );
    }
  }
}

/** A request of OpenAI's Responses API as what it means. Throws `validation_failed` where that cannot be told. */
export function readRequest(body: JsonObject): ChatRequest {
  refuseState(body);
  const { messages, system } = readInput(body);
  const format = objectOf(memberOf(body['text'], 'format'));
  const others = { ...membersBeside(body, knownMembers), ...othersOfText(body['text']) };
  return {
    model: textOf(body['model']) ?? '',
    system,
    messages,
    tools: objectsOf(body['tools']).map(readTool),
    toolChoice: readToolChoice(body['tool_choice']),
    parallelToolCalls: booleanOf(body['parallel_tool_calls']),
    responseFormat:
      format?.['type'] === 'json_object'
        ? { kind: 'json' }
        : format?.['type'] === 'json_schema'
          ? readJsonSchema(format)
          : null,
    sampling: {
      temperature: numberOf(body['temperature']),
      topP: numberOf(body['top_p']),
      topK: null,
      seed: null,
      frequencyPenalty: null,
      presencePenalty: null,
    },
    maxOutputTokens: numberOf(body['max_output_tokens']),
    stop: [],
    reasoning: reasoningOfEffort(memberOf(body['reasoning'], 'effort')),
    verbosity: textOf(memberOf(body['text'], 'verbosity')),
    user: textOf(body['user']),
    metadata: textsOf(body['metadata']),
    stream: body['stream'] === true,
    extra: Object.keys(others).length === 0 ? null : { dialect: 'openai_responses', members: others },
  };
}

/** What `text` says besides what is read of it, by its full names: whoever cannot be told it is told that. */
function othersOfText(text: unknown): JsonObject {
  const others = Object.entries(objectOf(text) ?? {}).filter(([name]) => name !== 'format' && name !== 'verbosity');
  return Object.fromEntries(others.map(([name, value]) => [`text.${name}`, value]));
}

interface Draft {
  system: TextPart[];
  messages: { role: ChatMessage['role']; parts: Part[] }[];
  toolNames: Map<string, string>;
}

function readInput(body: JsonObject): Draft {
  const draft: Draft = { system: [], messages: [], toolNames: new Map() };
  const instructions = textOf(body['instructions']) ?? '';
  if (instructions !== '') draft.system.push({ kind: 'text', text: instructions });
  const { input } = body;
  if (typeof input === 'string') draft.messages.push({ role: 'user', parts: [{ kind: 'text', text: input }] });
  for (const [index, item] of objectsOf(input).entries()) addItem(draft, item, `input.${String(index)}`);
  return draft;
}

/** Items become messages: what an assistant thought, said and called in a row is one. */
function addItem(draft: Draft, item: Record<string, unknown>, path: string): void {
  switch (item['type']) {
    case undefined:
    case 'message':
      addMessage(draft, item['role'], readContent(item['content'], path), path);
      break;
    case 'reasoning':
      append(draft, 'assistant', readReasoning(item));
      break;
    case 'function_call':
      append(draft, 'assistant', readCall(draft, item, path));
      break;
    case 'function_call_output':
      append(draft, 'tool', readToolResult(item, path, draft.toolNames));
      break;
    default:
      append(draft, 'assistant', { kind: 'opaque', dialect: 'openai_responses', value: item });
  }
}

function addMessage(draft: Draft, role: unknown, parts: Part[], path: string): void {
  if (role === 'system' || role === 'developer') {
    const texts = parts.filter((part) => part.kind === 'text');
    if (draft.messages.length === 0) draft.system.push(...texts);
    else draft.messages.push({ role: 'system', parts: texts });
  } else if (role === 'assistant') {
    for (const part of parts) append(draft, role, part);
  } else if (role === 'user') {
    draft.messages.push({ role, parts });
  } else {
    throw invalidRequest(`${path}.role`, 'is none of system, developer, user and assistant.');
  }
}

function append({ messages }: Draft, role: 'assistant' | 'tool', part: Part): void {
  const last = messages.at(-1);
  if (last?.role === role) last.parts.push(part);
  else messages.push({ role, parts: [part] });
}

function readCall({ messages, toolNames }: Draft, item: JsonObject, path: string): Part {
  const [id, name] = [textOf(item['call_id']), textOf(item['name'])];
  if (id === null || name === null) throw invalidRequest(path, 'has no call_id or no name.');
  toolNames.set(id, name);
  // Where a provider seals a call itself, its seal was sent as an item before the call.
  const said = messages.at(-1);
  const before = said?.role === 'assistant' ? said.parts.at(-1) : undefined;
  const seals = before?.kind === 'thinking' && before.text === '' && before.signature?.dialect === 'gemini';
  if (seals) said?.parts.pop();
  const signature = seals ? before.signature : null;
  return { kind: 'tool_call', id, name, arguments: textOf(item['arguments']) ?? '', signature };
}

function readContent(content: unknown, path: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }];
  return objectsOf(content).map((part, index) => readPart(part, `${path}.content.${String(index)}`));
}

function readPart(part: Record<string, unknown>, path: string): Part {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { kind: 'text', text: textOf(part['text']) ?? '' };
    case 'refusal':
      return { kind: 'text', text: textOf(part['refusal']) ?? '' };
    case 'input_image': {
      const [url, id] = [textOf(part['image_url']), textOf(part['file_id'])];
      if (url === null && id === null) throw invalidRequest(path, 'holds neither image_url nor file_id.');
      const source = url === null ? { kind: 'id' as const, id: id ?? '' } : sourceOfUrl(url);
      return { kind: 'image', source, detail: textOf(part['detail']) };
    }
    case 'input_file': {
      const [bytes, url, id] = [textOf(part['file_data']), textOf(part['file_url']), textOf(part['file_id'])];
      const name = textOf(part['filename']);
      if (bytes !== null) {
        const source = sourceOfUrl(bytes.startsWith('data:') ? bytes : `data:application/pdf;base64,${bytes}`);
        return { kind: 'file', source, name };
      }
      if (url !== null) return { kind: 'file', source: { kind: 'url', url }, name };
      if (id !== null) return { kind: 'file', source: { kind: 'id', id }, name };
      throw invalidRequest(path, 'holds no file.');
    }
    default:
      return { kind: 'opaque', dialect: 'openai_responses', value: part };
  }
}

function readReasoning(item: JsonObject): Part {
  const texts = [...objectsOf(item['summary']), ...objectsOf(item['content'])].map(
    (part) => textOf(part['text']) ?? '',
  );
  const sealed = textOf(item['encrypted_content']);
  const signature = sealed === null || sealed === '' ? null : readSignature(sealed, 'openai_responses');
  return { kind: 'thinking', text: texts.join('\n\n'), signature };
}

function readToolResult(item: JsonObject, path: string, toolNames: ReadonlyMap<string, string>): ToolResultPart {
  const toolCallId = textOf(item['call_id']);
  if (toolCallId === null) throw invalidRequest(`${path}.call_id`, 'is missing.');
  const parts = readContent(item['output'], path).filter(
    (part) => part.kind === 'text' || part.kind === 'image' || part.kind === 'file',
  );
  return { kind: 'tool_result', toolCallId, toolName: toolNames.get(toolCallId) ?? null, parts, isError: false };
}

function readTool(tool: Record<string, unknown>): Tool {
  const name = textOf(tool['name']);
  if (tool['type'] !== 'function' || name === null) return { kind: 'opaque', dialect: 'openai_responses', value: tool };
  return {
    kind: 'function',
    name,
    description: textOf(tool['description']),
    parameters: isObject(tool['parameters']) ? tool['parameters'] : null,
    strict: booleanOf(tool['strict']),
  };
}
