import { createChat, type ChatInput } from '@signalbox/contracts';
import type { Routes } from '@signalbox/http';
import type { AnswerChat } from '../asking/answer-chat.ts';
import { mountIngress, type AnswerIngress } from '../completions/mount-ingress.ts';
import type { Pipeline } from '../completions/pipeline.ts';
import { plainChat, toCompletion } from './ingress.ts';
import { PlainSink } from './plain-sink.ts';

/** LA-14. `answerChat` answers the chat completion that is meant. */
export function mountChatRoutes(
  routes: Routes,
  pipeline: Pipeline,
  bounds: { stalledMsMax: number },
  answerChat: AnswerChat,
): void {
  const answer: AnswerIngress<ChatInput> = async (command, sink, signal) => {
    const { principal, requestId, options, idempotencyKey } = command;
    const body = toCompletion(command.body);
    const bytes = Buffer.from(JSON.stringify(body));
    await answerChat({ principal, requestId, body, bytes, options, idempotencyKey }, new PlainSink(sink), signal);
  };
  mountIngress(routes, createChat, pipeline, plainChat, { ...bounds, answer });
}
