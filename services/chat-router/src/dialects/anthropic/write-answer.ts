import type { TokenUsage } from '../../usage/token-usage.ts';
import type { ChatAnswer } from '../chat-answer.ts';
import type { FinishReason } from '../chat-event.ts';
import type { Part, Signature } from '../chat-request.ts';
import { argumentsOf } from '../json.ts';
import { writeSignature } from '../signature.ts';
import { bareId, type AnswerEnvelope } from '../stream-writer.ts';

type Json = Record<string, unknown>;

/** An answer as an Anthropic `message`. */
export function writeAnswer(answer: ChatAnswer, envelope: AnswerEnvelope): Json {
  return {
    ...headOf(answer.model, envelope),
    content: answer.parts.flatMap(writePart),
    stop_reason: writeStopReason(answer.reason),
    stop_sequence: answer.stopSequence,
    usage: writeUsage(answer.usage),
  };
}

export function headOf(model: string | null, envelope: AnswerEnvelope): Json {
  return {
    id: `msg_${bareId(envelope.requestId)}`,
    type: 'message',
    role: 'assistant',
    model: model ?? envelope.model,
  };
}

function writePart(part: Part): Json[] {
  switch (part.kind) {
    case 'text':
      return [{ type: 'text', text: part.text, citations: null }];
    case 'thinking':
      return [sealedBlock(part.text, part.signature)];
    case 'tool_call': {
      const call = { type: 'tool_use', id: part.id, name: part.name, input: argumentsOf(part.arguments) ?? {} };
      return part.signature === null ? [call] : [sealedBlock('', part.signature), call];
    }
    case 'opaque':
      return part.dialect === 'anthropic' ? [part.value] : [];
    case 'image':
    case 'file':
    case 'tool_result':
      return [];
  }
}

/** Thinking with its seal; the seal alone, where it is the thinking. */
export function sealedBlock(thinking: string, signature: Signature | null): Json {
  const value = signature === null ? '' : writeSignature(signature, 'anthropic');
  return signature?.redacted === true && signature.dialect === 'anthropic'
    ? { type: 'redacted_thinking', data: value }
    : { type: 'thinking', thinking, signature: value };
}

export function writeStopReason(reason: FinishReason): string {
  switch (reason) {
    case 'stop':
      return 'end_turn';
    case 'stop_sequence':
      return 'stop_sequence';
    case 'length':
      return 'max_tokens';
    case 'tool_calls':
      return 'tool_use';
    case 'content_filter':
      return 'refusal';
    case 'paused':
      return 'pause_turn';
  }
}

/** Anthropic counts what its cache has to do with beside `input_tokens`. Counts that nobody told are 0. */
export function writeUsage(usage: TokenUsage | null): Json {
  const [cached, written] = [usage?.cachedTokens ?? 0, usage?.cacheWriteTokens ?? 0];
  return {
    input_tokens: Math.max(0, (usage?.promptTokens ?? 0) - cached - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    output_tokens: usage?.completionTokens ?? 0,
    ...(usage?.reasoningTokens === null || usage === null
      ? {}
      : { output_tokens_details: { thinking_tokens: usage.reasoningTokens } }),
  };
}
