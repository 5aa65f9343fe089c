import { createEmbedding } from '@signalbox/contracts';
import type { Routes } from '@signalbox/http';
import type { Pipeline } from '../completions/pipeline.ts';
import { mountIngress } from '../completions/mount-ingress.ts';
import { openAiEmbeddings } from './ingress.ts';

export function mountEmbeddingRoutes(routes: Routes, pipeline: Pipeline, bounds: { stalledMsMax: number }): void {
  mountIngress(routes, createEmbedding, pipeline, openAiEmbeddings, bounds);
}
