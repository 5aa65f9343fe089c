export { buildOverlay } from './manifests/build-overlay.ts';
export { variablesOf } from './manifests/environment-problems.ts';
export type { Facts, MeshService } from './manifests/facts.ts';
export type { Manifest } from './manifests/manifest.ts';
export { collectFacts, manifestProblems, points } from './manifests/manifest-problems.ts';
export { dependabotProblems } from './workflows/dependabot-problems.ts';
