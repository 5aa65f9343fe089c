import { buildOverlay } from './build-overlay.ts';
import { crossPoints } from './cross-problems.ts';
import { environmentProblems } from './environment-problems.ts';
import type { Facts, MeshService, Point } from './facts.ts';
import type { ManifestFile } from './manifest.ts';
import { clusterPoints } from './points/cluster.ts';
import { contentPoints } from './points/content.ts';
import { deliveryPoints } from './points/delivery.ts';
import { lifecyclePoints } from './points/lifecycle.ts';
import { networkPoints } from './points/network.ts';
import { podPoints } from './points/pods.ts';
import { scalingPoints } from './points/scaling.ts';
import { storePoints } from './points/stores.ts';
import { watchingPoints } from './points/watching.ts';

/** The list by which manifests are judged, in its order, and what has no number in it. */
export const points: readonly Point[] = [
  ...[...clusterPoints, ...podPoints, ...lifecyclePoints, ...scalingPoints, ...networkPoints],
  ...[...contentPoints, ...watchingPoints, ...storePoints, ...deliveryPoints, ...crossPoints],
  {
    number: 0,
    promise: 'every setting is read by its service, and every one it needs is set',
    problems: environmentProblems,
  },
].sort((one, other) => one.number - other.number);

/** Builds every overlay of `k8s/`, and each service's own. Throws where one cannot be built. */
export function collectFacts(files: readonly ManifestFile[], services: readonly MeshService[], version: string): Facts {
  const folders = files.flatMap(
    ({ path }) => /^k8s\/((?:services\/[\w-]+\/)?overlays\/[\w-]+)\/kustomization\.yaml$/.exec(path)?.[1] ?? [],
  );
  const build = (folder: string) => buildOverlay(files, `k8s/${folder}`);
  return {
    overlays: folders
      .filter((folder) => folder.startsWith('overlays/'))
      .map((folder) => {
        const name = folder.slice('overlays/'.length);
        return { name, isOperated: name !== 'local', manifests: build(folder) };
      }),
    alone: new Map(folders.filter((folder) => folder.startsWith('services/')).map((folder) => [folder, build(folder)])),
    files,
    services,
    version,
  };
}

/** What is wrong with the manifests under `k8s/`, one line for each, the number of its point first. */
export function manifestProblems(facts: Facts): string[] {
  return points.flatMap(({ number, promise, problems }) =>
    problems(facts).map((problem) => `${number === 0 ? promise : `point ${number}, ${promise}`}: ${problem}`),
  );
}
