import { createResponse, type ResponseRequest } from '@signalbox/contracts';
import type { Routes } from '@signalbox/http';
import type { Pipeline } from '../completions/pipeline.ts';
import { answer } from '../completions/answer.ts';
import { mountIngress, type AnswerIngress } from '../completions/mount-ingress.ts';
import type { AnswerIn } from '../asking/answer-over-chat.ts';
import { answerWithItems } from './answer-with-items.ts';
import type { KeptItems } from './kept-items.ts';
import { openAiResponses } from './ingress.ts';

/** `answerIn` answers what the router has a part in, and lets the pipeline do the rest. */
export function mountResponseRoutes(
  routes: Routes,
  pipeline: Pipeline,
  bounds: { stalledMsMax: number },
  { answerIn, items }: { answerIn: AnswerIn; items: KeptItems },
): void {
  const ask: AnswerIngress<ResponseRequest> = (command, sink, signal) => answer(pipeline, command, sink, signal);
  mountIngress(routes, createResponse, pipeline, openAiResponses, {
    ...bounds,
    answer: answerWithItems(items, answerIn(openAiResponses, ask)),
  });
}
