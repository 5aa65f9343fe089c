import type { DialectName, Signature } from '../chat-request.ts';
import { textOf, type JsonObject } from '../json.ts';
import { readSignature, writeSignature } from '../signature.ts';

/*
 * OpenAI's chat dialect has no room for what a model thought. The members `reasoning_content` (DeepSeek's, of vLLM and many
 * others) and `reasoning_details` (OpenRouter's, with signatures) are what its clients know instead.
 */

const formats: Record<string, DialectName> = {
  'anthropic-claude-v1': 'anthropic',
  'google-gemini-v1': 'gemini',
  'openai-responses-v1': 'openai_responses',
  'xai-responses-v1': 'openai_responses',
};

/** One member of `reasoning_details` that seals thinking. */
export function detailOfSignature(signature: Signature, text: string, index: number): Record<string, unknown> {
  const format = Object.keys(formats).find((name) => formats[name] === signature.dialect) ?? 'unknown';
  const value = writeSignature(signature, signature.dialect);
  return signature.redacted
    ? { type: 'reasoning.encrypted', data: value, format, index }
    : { type: 'reasoning.text', text, signature: value, format, index };
}

export function signatureOfDetail(detail: JsonObject): Signature | null {
  const redacted = detail['type'] === 'reasoning.encrypted';
  const value = textOf(detail['signature']) ?? textOf(detail['data']);
  if (value === null) return null;
  return readSignature(value, formats[textOf(detail['format']) ?? ''] ?? 'openai', redacted);
}
