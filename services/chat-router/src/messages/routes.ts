import { countMessageTokens, createMessage } from '@signalbox/contracts';
import { mountRoute, type Routes } from '@signalbox/http';
import type { Pipeline } from '../completions/pipeline.ts';
import { mountIngress } from '../completions/mount-ingress.ts';
import { countTokens } from './count-tokens.ts';
import { anthropicMessages } from './ingress.ts';

export function mountMessageRoutes(routes: Routes, pipeline: Pipeline, bounds: { stalledMsMax: number }): void {
  mountIngress(routes, createMessage, pipeline, anthropicMessages, bounds);
  mountRoute(routes, countMessageTokens, ({ principal, requestId, body, bodyBytes, signal }) => {
    const { signalbox: options = {}, ...request } = body;
    return countTokens(pipeline, { principal, requestId, request, bytes: bodyBytes, options }, signal);
  });
}
