import { createHash } from 'node:crypto';
import { ChatCompletion, type ChatCompletionRequest, type ConversationMessageInput } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { isId } from '@signalbox/ids';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { toModelAnswer, withBody, type AnswerChat, type ChatCommand } from '../asking/answer-chat.ts';
import { holdEnd, type HeldAnswer } from '../asking/held-answer.ts';
import { appendMessages, readHistory } from './conversation-store.ts';
import { readStreamedMessage } from './read-streamed-message.ts';
import { trimWindow } from './trim-window.ts';

type Message = ChatCompletionRequest['messages'][number];

export interface ConversationDeps {
  db: Kysely<Schema>;
  /** How many tokens of conversation are sent at most, in and out together. */
  windowTokensMax: number;
}

const historyMax = 500;
const answerBytesMax = 8 * 1_048_576;
const imageTokens = 1_000;

/** True when a request belongs to a conversation that is remembered here; any other id only keeps its model. */
export function isInConversation({ options }: Pick<ChatCommand, 'options'>): boolean {
  return options.conversation_id !== undefined && isId('conversation', options.conversation_id);
}

/**
 * Answers within a conversation: what was said before is put in front, as much as fits, and what was asked and answered is
 * added to it before the client hears that its answer is whole. An answer that did not become whole adds nothing. Throws
 * `not_found` for a conversation that is not the tenant's.
 */
export function answerInConversation({ db, windowTokensMax }: ConversationDeps, next: AnswerChat): AnswerChat {
  return async (command, sink, signal) => {
    const { principal, options, body, idempotencyKey } = command;
    const { tenantId } = principal;
    const id = options.conversation_id ?? '';
    // A repeat under the same key is the same turn: it sees the same history, and adds nothing more.
    const requestId = idempotencyKey === null ? command.requestId : turnOf(principal.principalId, idempotencyKey);
    const history = (await readHistory(db, tenantId, id, { requestId, lastMax: historyMax })) as Message[];
    const known = new Set(history.filter(isInstruction).map((message) => JSON.stringify(message)));
    // Clients tend to send their instructions with every turn.
    const added = body.messages.filter((message) => !isInstruction(message) || !known.has(JSON.stringify(message)));
    // Some clients always allow as much as the model can write: that must not leave the conversation no room.
    const answerTokens = Math.min(body.max_completion_tokens ?? body.max_tokens ?? 0, windowTokensMax / 2);
    const room = windowTokensMax - answerTokens;
    const { messages, fits } = trimWindow([...history, ...added], room, tokensOf);
    if (!fits) {
      throw new AppError(
        'validation_failed',
        `The conversation’s window of ${String(windowTokensMax)} tokens is too small for this turn.`,
        {
          details: { code: 'context_length_exceeded', param: 'messages' },
        },
      );
    }
    const held = holdEnd(sink, answerBytesMax);
    await next(withBody(command, { ...body, messages }), held.sink, signal);
    const answered = saidIn(held.answer());
    if (answered !== null) {
      const asked = added.map((message) => ({ message: message as ConversationMessageInput, model: null }));
      await appendMessages(db, tenantId, id, { requestId, messages: [...asked, answered] });
    }
    held.release();
  };
}

/** What was said and by whom; null where the answer did not become whole. */
function saidIn(answer: HeldAnswer | null): { message: ConversationMessageInput; model: string } | null {
  if (answer === null) return null;
  const { headers, body } = answer;
  if (answer.streamed) {
    const [model = ''] = (headers['x-signalbox-route'] ?? '').split(';');
    const message = readStreamedMessage(body.toString());
    return message === null ? null : { message, model };
  }
  const completion = ChatCompletion.parse(JSON.parse(body.toString()));
  const message = completion.choices[0]?.message;
  if (message === undefined) return null;
  const { model } = toModelAnswer({ headers, body, completion });
  return { message: { ...message, role: 'assistant' }, model };
}

function turnOf(principalId: string, idempotencyKey: string): string {
  return `turn_${createHash('sha256').update(`${principalId}\n${idempotencyKey}`).digest('hex').slice(0, 40)}`;
}

function isInstruction({ role }: Message): boolean {
  return role === 'system' || role === 'developer';
}

/** About four characters are a token; an image is counted as a thousand, whatever it weighs as text. */
function tokensOf(message: Message): number {
  let images = 0;
  const text = JSON.stringify(message, (_name, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith('data:')) return value;
    images += 1;
    return '';
  });
  return Math.ceil(text.length / 4) + images * imageTokens;
}
