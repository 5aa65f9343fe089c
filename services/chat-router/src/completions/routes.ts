import { createChatCompletion } from '@signalbox/contracts';
import type { Routes } from '@signalbox/http';
import type { AnswerChat } from '../asking/answer-chat.ts';
import type { Pipeline } from './pipeline.ts';
import { mountIngress } from './mount-ingress.ts';
import { openAiChat } from './openai-ingress.ts';

/** `answer` answers in the pipeline's place, and may let it do so. */
export function mountCompletionRoutes(
  routes: Routes,
  pipeline: Pipeline,
  bounds: { stalledMsMax: number },
  answer?: AnswerChat,
): void {
  mountIngress(routes, createChatCompletion, pipeline, openAiChat, { ...bounds, answer });
}
