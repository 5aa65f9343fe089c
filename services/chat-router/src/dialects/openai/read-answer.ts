import type { ChatAnswer } from '../chat-answer.ts';
import type { FinishReason } from '../chat-event.ts';
import type { Part } from '../chat-request.ts';
import { memberOf, objectsOf, textOf, type JsonObject } from '../json.ts';
import { readSignature } from '../signature.ts';
import { readUsage } from './read-chunk.ts';
import { signatureOfDetail } from './reasoning-details.ts';

/** A `chat.completion` as what it says; of several choices the first. */
export function readAnswer(document: JsonObject): ChatAnswer {
  const choice = objectsOf(document['choices'])[0];
  const message = choice?.['message'];
  const parts: Part[] = [...readThinking(message), ...readContent(memberOf(message, 'content'))];
  const refusal = textOf(memberOf(message, 'refusal'));
  if (refusal !== null && refusal !== '') parts.push({ kind: 'text', text: refusal });
  for (const call of objectsOf(memberOf(message, 'tool_calls'))) {
    const { id, name, signature } = headOfCall(call);
    const given = memberOf(call['function'], 'arguments');
    const text = textOf(given) ?? (given === undefined || given === null ? '' : JSON.stringify(given));
    parts.push({ kind: 'tool_call', id: id ?? '', name: name ?? '', arguments: text, signature });
  }
  return {
    id: textOf(document['id']),
    model: textOf(document['model']),
    parts,
    reason: refusal !== null && refusal !== '' ? 'content_filter' : readFinish(choice?.['finish_reason']),
    stopSequence: null,
    usage: readUsage(document['usage']),
    extra: null,
  };
}

export function readFinish(reason: unknown): FinishReason {
  switch (reason) {
    case 'length':
    case 'content_filter':
      return reason;
    case 'tool_calls':
    case 'function_call':
      return 'tool_calls';
    default:
      return 'stop';
  }
}

export function headOfCall(call: JsonObject) {
  const signature = textOf(memberOf(memberOf(call['extra_content'], 'google'), 'thought_signature'));
  return {
    id: textOf(call['id']),
    name: textOf(memberOf(call['function'], 'name')),
    signature: signature === null ? null : readSignature(signature, 'gemini'),
  };
}

function readThinking(message: unknown): Part[] {
  const details = objectsOf(memberOf(message, 'reasoning_details'));
  const sealed = details.flatMap((detail): Part[] => {
    const signature = signatureOfDetail(detail);
    return signature === null ? [] : [{ kind: 'thinking', text: textOf(detail['text']) ?? '', signature }];
  });
  if (sealed.length > 0) return sealed;
  const text = textOf(memberOf(message, 'reasoning_content')) ?? textOf(memberOf(message, 'reasoning'));
  return text === null || text === '' ? [] : [{ kind: 'thinking', text, signature: null }];
}

/** A string; or parts, as Mistral sends them for models that think. */
function readContent(content: unknown): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }];
  return objectsOf(content).map((part): Part => {
    const thought = objectsOf(part['thinking']).map((piece) => textOf(piece['text']) ?? '');
    if (part['type'] === 'thinking') return { kind: 'thinking', text: thought.join(''), signature: null };
    const text = textOf(part['text']);
    return text === null ? { kind: 'opaque', dialect: 'openai', value: part } : { kind: 'text', text };
  });
}
