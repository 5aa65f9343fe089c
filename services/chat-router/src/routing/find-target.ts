import { modelId, type Target } from './target.ts';

/** What finding a model needs to know of a provider. */
export interface CatalogEntry {
  /** Holds no slash. */
  readonly name: string;
  readonly models: readonly string[];
  readonly missingSetting: string | null;
}

export type TargetFound =
  | { kind: 'found'; target: Target }
  | { kind: 'unknown' }
  | { kind: 'ambiguous'; candidates: readonly string[] }
  | { kind: 'not_configured'; target: Target; missingSetting: string };

/**
 * Finds the one that a model's name means. `provider/model` names one exactly and always wins; a bare name is enough where
 * only one provider that can be asked has such a model.
 */
export function findTarget(catalog: readonly CatalogEntry[], requested: string): TargetFound {
  const slash = requested.indexOf('/');
  const named = catalog.find((entry) => entry.name === requested.slice(0, slash));
  const model = requested.slice(slash + 1);
  if (slash > 0 && named?.models.includes(model) === true) return decide([named], model);
  return decide(
    catalog.filter((entry) => entry.models.includes(requested)),
    requested,
  );
}

function decide(candidates: readonly CatalogEntry[], model: string): TargetFound {
  const askable = candidates.filter((entry) => entry.missingSetting === null);
  const [first, ...others] = askable.length > 0 ? askable : candidates;
  if (first === undefined) return { kind: 'unknown' };
  const target = { provider: first.name, model };
  if (others.length > 0) {
    const candidateIds = [first, ...others].map((entry) => modelId({ provider: entry.name, model }));
    return { kind: 'ambiguous', candidates: candidateIds };
  }
  if (first.missingSetting !== null) return { kind: 'not_configured', target, missingSetting: first.missingSetting };
  return { kind: 'found', target };
}
