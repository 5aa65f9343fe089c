import { createHash } from 'node:crypto';
import { canonicalJson } from '@signalbox/redis';
import type { DialectName } from '../dialects/chat-request.ts';
import { isObject, objectsOf } from '../dialects/json.ts';

/** A request as its last question, and everything else that it says. */
export interface Question {
  text: string;
  /** A hash of all that must be the same for an answer to be the same: only the wording of `text` is not in it. */
  context: string;
}

export type Reading =
  | { kind: 'question'; question: Question }
  /** Nothing that means the same would be the same question. */
  | { kind: 'unsuitable'; reason: 'tools' | 'not_text' | 'several_answers' | 'too_long' };

/** What a model makes of an embedding's worth of text; longer questions have too much in them to be alike. */
const charactersMax = 8_000;
const roles = new Set(['system', 'developer', 'user', 'assistant']);
const textTypes = new Set(['text', 'input_text', 'output_text']);
/** Members that have something executed or looked up: what comes of it may be another thing each time. */
const toolMembers = ['tools', 'functions', 'web_search_options', 'search_parameters', 'mcp_servers', 'plugins'];
const wholePartMembers = new Set(['type', 'text', 'cache_control', 'annotations']);

/** Takes the last question out of a chat request of whatever dialect; `more` is what else must be the same. */
export function readQuestion(dialect: DialectName, body: Readonly<Record<string, unknown>>, more: unknown): Reading {
  if (toolMembers.some((name) => holdsSomething(body[name]))) return unsuitable('tools');
  if (typeof body['n'] === 'number' && body['n'] > 1) return unsuitable('several_answers');
  const member = dialect === 'openai_responses' ? 'input' : 'messages';
  const given = body[member];
  if (typeof given === 'string') return asQuestion(given, { ...body, [member]: null }, more);
  const messages = objectsOf(given);
  const last = messages.at(-1);
  if (last?.['role'] !== 'user') return unsuitable('not_text');
  for (const message of messages) {
    if (!roles.has(String(message['role'])) || holdsSomething(message['tool_calls'])) return unsuitable('tools');
    if (!isText(message['content'])) return unsuitable('not_text');
  }
  const rest = { ...body, [member]: [...messages.slice(0, -1), { ...last, content: null }] };
  return asQuestion(textOf(last['content']), rest, more);
}

function asQuestion(text: string, rest: unknown, more: unknown): Reading {
  if (text.trim() === '') return unsuitable('not_text');
  if (text.length > charactersMax) return unsuitable('too_long');
  const context = createHash('sha256')
    .update(canonicalJson([rest, more, figuresIn(text)]))
    .digest('hex');
  return { kind: 'question', question: { text, context } };
}

/**
 * Whatever has a digit in it, in order. To an embedding "in 2023" is nearly "in 2024", and to whoever asks it is another
 * question.
 */
function figuresIn(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]*\p{N}[\p{L}\p{N}]*/gu) ?? [];
}

function isText(content: unknown): boolean {
  if (typeof content === 'string') return true;
  return (
    Array.isArray(content) &&
    content.every(
      (part: unknown) =>
        isObject(part) &&
        textTypes.has(String(part['type'])) &&
        typeof part['text'] === 'string' &&
        Object.keys(part).every((name) => wholePartMembers.has(name)),
    )
  );
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return objectsOf(content)
    .map((part) => String(part['text']))
    .join('\n');
}

function holdsSomething(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return false;
  return !Array.isArray(value) || value.length > 0;
}

function unsuitable(reason: Extract<Reading, { kind: 'unsuitable' }>['reason']): Reading {
  return { kind: 'unsuitable', reason };
}
