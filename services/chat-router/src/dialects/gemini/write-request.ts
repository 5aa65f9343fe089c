import type { ChatMessage, ChatRequest, Part, Reasoning, Source, Tool, ToolChoice } from '../chat-request.ts';
import { unsupportedRequest } from '../invalid-request.ts';
import { argumentsOf, parseObject, present } from '../json.ts';
import { lostMembers, type WrittenRequest } from '../written-request.ts';

type Json = Record<string, unknown>;

/** The models that take a level of thinking in place of a budget. */
const thinksByLevel = /^gemini-(?:[3-9]|\d\d)/;

/** A `generateContent` request of Gemini's API that means the same; the model and streaming stand in its address. */
export function writeRequest(request: ChatRequest): WrittenRequest {
  const { sampling, stop, tools, extra, responseFormat } = request;
  const dropped = lostMembers(request, 'gemini');
  if (request.parallelToolCalls === false) dropped.push('parallel_tool_calls');
  if (request.verbosity !== null) dropped.push('verbosity');
  if (request.user !== null) dropped.push('user');
  if (Object.keys(request.metadata).length > 0) dropped.push('metadata');
  const system = [
    ...request.system,
    ...request.messages.filter(({ role }) => role === 'system').flatMap(({ parts }) => parts),
  ].flatMap((part) => (part.kind === 'text' ? [{ text: part.text }] : []));
  const members = extra?.dialect === 'gemini' ? extra.members : {};
  const generationConfig = present({
    temperature: sampling.temperature,
    topP: sampling.topP,
    topK: sampling.topK,
    seed: sampling.seed,
    frequencyPenalty: sampling.frequencyPenalty,
    presencePenalty: sampling.presencePenalty,
    maxOutputTokens: request.maxOutputTokens,
    stopSequences: stop.length === 0 ? null : stop,
    responseMimeType: responseFormat === null ? null : 'application/json',
    responseJsonSchema: responseFormat?.kind === 'json_schema' ? responseFormat.schema : null,
    thinkingConfig: request.reasoning === null ? null : thinkingOf(request.reasoning, request.model),
  });
  const body = {
    ...members,
    ...present({
      contents: writeContents(request.messages),
      systemInstruction: system.length === 0 ? null : { parts: system },
      tools: tools.length === 0 ? null : writeTools(tools, dropped),
      toolConfig:
        request.toolChoice === null || tools.length === 0
          ? null
          : { functionCallingConfig: writeToolChoice(request.toolChoice) },
      generationConfig: Object.keys(generationConfig).length === 0 ? null : generationConfig,
    }),
  };
  return { body, dropped };
}

const budgets = { minimal: 512, low: 1_024, medium: 8_192, high: 24_576, xhigh: 24_576 };

function thinkingOf(reasoning: Reasoning, model: string): Json {
  if (reasoning.kind === 'adaptive') return { includeThoughts: true };
  if (thinksByLevel.test(model)) {
    if (reasoning.kind === 'off') return { thinkingLevel: 'minimal' };
    const low = reasoning.kind === 'budget' ? reasoning.tokens <= 2_048 : ['minimal', 'low'].includes(reasoning.effort);
    return { thinkingLevel: low ? 'low' : 'high', includeThoughts: true };
  }
  if (reasoning.kind === 'off') return { thinkingBudget: 0 };
  return {
    thinkingBudget: reasoning.kind === 'budget' ? reasoning.tokens : budgets[reasoning.effort],
    includeThoughts: true,
  };
}

/** One after the other user and model: neighbours of the same role become one content. */
function writeContents(messages: readonly ChatMessage[]): Json[] {
  const contents: { role: 'user' | 'model'; parts: Json[] }[] = [];
  for (const { role, parts } of messages) {
    if (role === 'system') continue;
    const author = role === 'assistant' ? 'model' : 'user';
    const written = writeParts(parts);
    const last = contents.at(-1);
    if (last?.role === author) last.parts.push(...written);
    else if (written.length > 0) contents.push({ role: author, parts: written });
  }
  return contents;
}

/** A signature that stands alone seals the part that follows it; the last one stands on an empty text. */
function writeParts(parts: readonly Part[]): Json[] {
  const written: Json[] = [];
  let pending: string | null = null;
  for (const part of parts) {
    if (part.kind === 'thinking') {
      if (part.signature?.dialect === 'gemini') pending = part.signature.value;
      continue;
    }
    const pieces = writePart(part);
    const [first] = pieces;
    if (pending !== null && first !== undefined && first['thoughtSignature'] === undefined) {
      first['thoughtSignature'] = pending;
      pending = null;
    }
    written.push(...pieces);
  }
  if (pending !== null) written.push({ text: '', thoughtSignature: pending });
  return written;
}

function writePart(part: Exclude<Part, { kind: 'thinking' }>): Json[] {
  switch (part.kind) {
    case 'text':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'image':
      return [writeSource(part.source, 'image/*')];
    case 'file':
      return [writeSource(part.source, 'application/pdf')];
    case 'tool_call': {
      const call = { functionCall: { name: part.name, args: argumentsOf(part.arguments) ?? {} } };
      return [part.signature?.dialect === 'gemini' ? { ...call, thoughtSignature: part.signature.value } : call];
    }
    case 'tool_result': {
      if (part.toolName === null) {
        throw unsupportedRequest('messages', `the result ${part.toolCallId} answers no call in this conversation.`);
      }
      const text = part.parts.flatMap((one) => (one.kind === 'text' ? [one.text] : [])).join('\n');
      const result = parseObject(text) ?? { [part.isError ? 'error' : 'result']: text };
      return [
        { functionResponse: { name: part.toolName, response: result } },
        ...part.parts.flatMap((one) => (one.kind === 'text' ? [] : writePart(one))),
      ];
    }
    case 'opaque':
      return part.dialect === 'gemini' ? [{ ...part.value }] : [];
  }
}

function writeSource(source: Source, mediaType: string): Json {
  switch (source.kind) {
    case 'data':
      return { inlineData: { mimeType: source.mediaType, data: source.base64 } };
    case 'url':
      return { fileData: { mimeType: mediaTypeOf(source.url) ?? mediaType, fileUri: source.url } };
    case 'id':
      throw unsupportedRequest('messages', 'a file uploaded to one provider cannot be shown to another.');
  }
}

const mediaTypes: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  pdf: 'application/pdf',
};

function mediaTypeOf(url: string): string | null {
  const [path = ''] = url.split(/[?#]/, 1);
  return mediaTypes[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? null;
}

function writeTools(tools: readonly Tool[], dropped: string[]): Json[] | null {
  const functions: Json[] = [];
  const others: Json[] = [];
  for (const tool of tools) {
    if (tool.kind === 'function') {
      const { name, description, parameters } = tool;
      functions.push(present({ name, description, parametersJsonSchema: parameters }));
    } else if (tool.dialect === 'gemini') {
      others.push(tool.value);
    } else {
      dropped.push(`tools.${String(tool.value['type'])}`);
    }
  }
  const written = functions.length === 0 ? others : [{ functionDeclarations: functions }, ...others];
  return written.length === 0 ? null : written;
}

function writeToolChoice(choice: ToolChoice): Json {
  switch (choice.kind) {
    case 'auto':
      return { mode: 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  }
}
