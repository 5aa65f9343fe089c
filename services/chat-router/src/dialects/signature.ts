import type { DialectName, Signature } from './chat-request.ts';

/**
 * A signature as a string within another provider's dialect. One of a different origin bears its origin's name in front, so
 * that it finds its way back and nobody else is sent it.
 */
export function writeSignature({ dialect, value, redacted }: Signature, within: DialectName): string {
  return dialect === within ? value : `signalbox:${dialect}:${redacted ? 'redacted' : 'plain'}:${value}`;
}

const foreign = /^signalbox:(openai|openai_responses|anthropic|gemini):(redacted|plain):([^]*)$/;

/** The signature in a string that stands within a dialect. */
export function readSignature(text: string, within: DialectName, redacted = false): Signature {
  const [, dialect, sealed, value] = foreign.exec(text) ?? [];
  if (dialect === undefined || value === undefined) return { dialect: within, value: text, redacted };
  return { dialect: dialect as DialectName, value, redacted: sealed === 'redacted' };
}
