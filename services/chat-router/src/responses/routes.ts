import { createResponse } from '@signalbox/contracts';
import type { Routes } from '@signalbox/http';
import type { Pipeline } from '../completions/pipeline.ts';
import { mountIngress } from '../completions/mount-ingress.ts';
import { openAiResponses } from './ingress.ts';

export function mountResponseRoutes(routes: Routes, pipeline: Pipeline, bounds: { stalledMsMax: number }): void {
  mountIngress(routes, createResponse, pipeline, openAiResponses, bounds);
}
