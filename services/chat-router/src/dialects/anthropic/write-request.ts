import type {
  ChatMessage,
  ChatRequest,
  Extra,
  Part,
  Reasoning,
  Source,
  TextPart,
  Tool,
  ToolChoice,
} from '../chat-request.ts';
import { unsupportedRequest } from '../invalid-request.ts';
import { argumentsOf, isObject, present } from '../json.ts';
import { lostMembers, type WrittenRequest } from '../written-request.ts';

type Json = Record<string, unknown>;

/** Anthropic wants a limit; this is the one of a request that names none. Every model that is still served can do it. */
const maxTokensDefault = 8_192;
const thinkingTokensMin = 1_024;

/** The models that take a budget of thinking; later ones see for themselves and are told an effort (SDK 1.11). */
const thinksByBudget = /^claude-(?:3-7-|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8})?$)/;

/** A request of Anthropic's Messages API that means the same. */
export function writeRequest(request: ChatRequest): WrittenRequest {
  const { sampling, stop, tools, extra } = request;
  const system = systemOf(request);
  const { thinking, effort, maxTokens } = writeReasoning(request);
  const thinks = thinking !== null && thinking['type'] !== 'disabled';
  const dropped = lossesOf(request, thinks);
  const members = extra?.dialect === 'anthropic' ? extra.members : {};
  const body = {
    ...members,
    ...present({
      model: request.model,
      max_tokens: maxTokens,
      system: system.length === 0 ? null : writeSystem(system),
      messages: writeMessages(request.messages),
      tools: tools.length === 0 ? null : tools.flatMap((tool) => writeTool(tool, dropped)),
      tool_choice: tools.length === 0 ? null : writeToolChoice(request.toolChoice, request.parallelToolCalls),
      // Anthropic's scale ends at 1, OpenAI's and Google's at 2.
      temperature: thinks || sampling.temperature === null ? null : Math.min(1, sampling.temperature),
      top_p: sampling.topP,
      top_k: thinks ? null : sampling.topK,
      stop_sequences: stop.length === 0 ? null : stop,
      thinking,
      output_config: configOf(request, effort, members['output_config']),
      metadata: request.user === null ? null : { user_id: request.user },
      stream: request.stream ? true : null,
    }),
  };
  return { body, dropped };
}

function lossesOf(request: ChatRequest, thinks: boolean): string[] {
  const { seed, frequencyPenalty, presencePenalty, temperature, topK } = request.sampling;
  const lost = {
    seed: seed !== null,
    frequency_penalty: frequencyPenalty !== null,
    presence_penalty: presencePenalty !== null,
    metadata: Object.keys(request.metadata).length > 0,
    temperature: thinks && temperature !== null && temperature !== 1,
    top_k: thinks && topK !== null,
    verbosity: request.verbosity !== null,
  };
  const names = Object.entries(lost).flatMap(([name, isLost]) => (isLost ? name : []));
  return [...lostMembers(request, 'anthropic'), ...names];
}

function systemOf({ system, messages, responseFormat }: ChatRequest): TextPart[] {
  const later = messages.filter(({ role }) => role === 'system').flatMap(({ parts }) => parts.filter(isText));
  // There is no JSON without a schema there; an instruction is what Anthropic itself advises.
  const json = { kind: 'text', text: 'Answer with one JSON object only.' } as const;
  return [...system, ...later, ...(responseFormat?.kind === 'json' ? [json] : [])];
}

function configOf({ responseFormat }: ChatRequest, effort: string | null, given: unknown): Json | null {
  const format = responseFormat?.kind === 'json_schema' ? { type: 'json_schema', schema: responseFormat.schema } : null;
  const config = { ...(isObject(given) ? given : {}), ...present({ effort, format }) };
  return Object.keys(config).length === 0 ? null : config;
}

function isText(part: Part): part is TextPart {
  return part.kind === 'text';
}

function writeReasoning(request: ChatRequest): { thinking: Json | null; effort: string | null; maxTokens: number } {
  const { reasoning, model, maxOutputTokens } = request;
  const maxTokens = maxOutputTokens ?? maxTokensDefault;
  if (reasoning === null) return { thinking: null, effort: null, maxTokens };
  if (reasoning.kind === 'off') return { thinking: { type: 'disabled' }, effort: null, maxTokens };
  if (!thinksByBudget.test(model)) {
    const effort = reasoning.kind === 'effort' ? (reasoning.effort === 'minimal' ? 'low' : reasoning.effort) : null;
    if (reasoning.kind !== 'budget') return { thinking: { type: 'adaptive' }, effort, maxTokens };
  }
  const budget = Math.max(thinkingTokensMin, budgetOf(reasoning, maxTokens));
  // The budget is part of `max_tokens`; a limit that leaves no room for an answer would only be refused.
  const room = maxOutputTokens === null ? budget + maxTokensDefault : Math.max(maxOutputTokens, budget + 1);
  return { thinking: { type: 'enabled', budget_tokens: budget }, effort: null, maxTokens: room };
}

const shares = { minimal: 0.1, low: 0.2, medium: 0.5, high: 0.8, xhigh: 0.95 };

/** The share of the answer's tokens that an effort stands for is OpenRouter's. */
function budgetOf(reasoning: Exclude<Reasoning, { kind: 'off' }>, maxTokens: number): number {
  switch (reasoning.kind) {
    case 'budget':
      return reasoning.tokens;
    case 'effort':
      return Math.floor(maxTokens * shares[reasoning.effort]);
    case 'adaptive':
      return Math.floor(maxTokens * shares.medium);
  }
}

function writeSystem(system: readonly TextPart[]): string | Json[] {
  const [first] = system;
  if (first !== undefined && system.length === 1 && first.extra === undefined) return first.text;
  return system.map((part) => ({ type: 'text', text: part.text, ...membersOf(part.extra) }));
}

/** One after the other user and assistant: neighbours of the same role become one message. */
function writeMessages(messages: readonly ChatMessage[]): Json[] {
  const written: { role: 'user' | 'assistant'; content: Json[] }[] = [];
  for (const { role, parts } of messages) {
    if (role === 'system') continue;
    const author = role === 'assistant' ? 'assistant' : 'user';
    const content = parts.flatMap((part) => writePart(part, author));
    const last = written.at(-1);
    if (last?.role === author) last.content.push(...content);
    else if (content.length > 0) written.push({ role: author, content });
  }
  return written.map(({ role, content }) => {
    const [first, ...others] = content;
    const isPlain = first?.['type'] === 'text' && others.length === 0 && Object.keys(first).length === 2;
    return { role, content: isPlain ? first['text'] : content };
  });
}

function writePart(part: Part, author: 'user' | 'assistant'): Json[] {
  switch (part.kind) {
    case 'text':
      // An empty block is refused.
      return part.text === '' ? [] : [{ type: 'text', text: part.text, ...membersOf(part.extra) }];
    case 'image':
      return [{ type: 'image', source: writeSource(part.source), ...membersOf(part.extra) }];
    case 'file':
      if (part.source.kind === 'data' && part.source.mediaType.startsWith('audio/')) {
        throw unsupportedRequest('messages', 'sound cannot be heard by the provider of this model.');
      }
      return [
        {
          type: 'document',
          source: writeSource(part.source),
          ...(part.name === null ? {} : { title: part.name }),
          ...membersOf(part.extra),
        },
      ];
    case 'thinking':
      // Without Anthropic's own signature it would be refused.
      if (author === 'user' || part.signature?.dialect !== 'anthropic') return [];
      return part.signature.redacted
        ? [{ type: 'redacted_thinking', data: part.signature.value }]
        : [{ type: 'thinking', thinking: part.text, signature: part.signature.value }];
    case 'tool_call':
      return [{ type: 'tool_use', id: part.id, name: part.name, input: argumentsOf(part.arguments) ?? {} }];
    case 'tool_result': {
      const content = part.parts.flatMap((one) => writePart(one, 'user'));
      return [
        {
          type: 'tool_result',
          tool_use_id: part.toolCallId,
          ...(content.length === 0 ? {} : { content }),
          ...(part.isError ? { is_error: true } : {}),
          ...membersOf(part.extra),
        },
      ];
    }
    case 'opaque':
      return part.dialect === 'anthropic' ? [part.value] : [];
  }
}

function writeSource(source: Source): Json {
  switch (source.kind) {
    case 'data':
      return source.mediaType.startsWith('text/')
        ? { type: 'text', media_type: 'text/plain', data: Buffer.from(source.base64, 'base64').toString() }
        : { type: 'base64', media_type: source.mediaType, data: source.base64 };
    case 'url':
      return { type: 'url', url: source.url };
    case 'id':
      return { type: 'file', file_id: source.id };
  }
}

function writeTool(tool: Tool, dropped: string[]): Json[] {
  if (tool.kind === 'opaque') {
    if (tool.dialect === 'anthropic') return [tool.value];
    dropped.push(`tools.${String(tool.value['type'])}`);
    return [];
  }
  const { name, description, parameters, strict } = tool;
  const schema = parameters ?? { type: 'object', properties: {} };
  return [{ ...present({ name, description, input_schema: schema, strict }), ...membersOf(tool.extra) }];
}

function writeToolChoice(choice: ToolChoice | null, parallel: boolean | null): Json | null {
  const limit = parallel === false ? { disable_parallel_tool_use: true } : {};
  switch (choice?.kind) {
    case undefined:
      return parallel === false ? { type: 'auto', ...limit } : null;
    case 'auto':
      return { type: 'auto', ...limit };
    case 'none':
      return { type: 'none' };
    case 'required':
      return { type: 'any', ...limit };
    case 'tool':
      return { type: 'tool', name: choice.name, ...limit };
  }
}

function membersOf(extra: Extra | undefined): Readonly<Json> {
  return extra?.dialect === 'anthropic' ? extra.members : {};
}
