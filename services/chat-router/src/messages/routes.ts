import { countMessageTokens, createMessage, type MessageRequest } from '@signalbox/contracts';
import { mountRoute, type Routes } from '@signalbox/http';
import type { Pipeline } from '../completions/pipeline.ts';
import { answer } from '../completions/answer.ts';
import { mountIngress, type AnswerIngress } from '../completions/mount-ingress.ts';
import type { AnswerIn } from '../asking/answer-over-chat.ts';
import { countTokens } from './count-tokens.ts';
import { anthropicMessages } from './ingress.ts';

/** `answerIn` answers what the router has a part in, and lets the pipeline do the rest. */
export function mountMessageRoutes(
  routes: Routes,
  pipeline: Pipeline,
  bounds: { stalledMsMax: number },
  answerIn: AnswerIn,
): void {
  const ask: AnswerIngress<MessageRequest> = (command, sink, signal) => answer(pipeline, command, sink, signal);
  mountIngress(routes, createMessage, pipeline, anthropicMessages, {
    ...bounds,
    answer: answerIn(anthropicMessages, ask),
  });
  mountRoute(routes, countMessageTokens, ({ principal, requestId, body, bodyBytes, signal }) => {
    const { signalbox: options = {}, ...request } = body;
    return countTokens(pipeline, { principal, requestId, request, bytes: bodyBytes, options }, signal);
  });
}
