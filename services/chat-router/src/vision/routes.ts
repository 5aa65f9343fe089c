import { analyzeDocument as contract } from '@signalbox/contracts';
import { mountRoute, type Routes } from '@signalbox/http';
import { analyzeDocument, type AnalyzeDeps } from './analyze-document.ts';

export function mountVisionRoutes(routes: Routes, deps: AnalyzeDeps): void {
  mountRoute(routes, contract, ({ principal, requestId, body, signal }) =>
    analyzeDocument(deps, { principal, requestId }, body, signal),
  );
}
