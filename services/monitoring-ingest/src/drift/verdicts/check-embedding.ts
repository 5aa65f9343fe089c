import { centroidDistances, mmdInSteps } from '../../stats/embedding.ts';
import { bothSides, type Sides } from '../comparison/samples.ts';
import type { Check, Thresholds } from './check.ts';
import type { ColumnOf } from './column.ts';

const permutations = 999;

export function* checkEmbedding(
  name: string,
  columns: Sides<ColumnOf<'embedding'>>,
  thresholds: Thresholds,
): Generator<undefined, Check> {
  const { reference, current } = bothSides((side) => columns[side].vectors);
  const sizes = { reference: reference.length, current: current.length };
  const about = { column: name, check: 'distribution', isPermuted: true, isCalibrated: true, sizes, bins: [] } as const;
  const dimensions = bothSides((side) => columns[side].vectors[0]?.length ?? 0);
  if (dimensions.reference !== dimensions.current) {
    // Vectors of another length are of another model: nothing could be less alike.
    const effect = { method: 'dimensions', value: 2, threshold: thresholds.mmd2 };
    return { ...about, bins: [], effect, significance: { method: 'dimensions', pValue: 0 }, details: { dimensions } };
  }
  const { mmd2, gamma, p } = yield* mmdInSteps(reference, current, { gamma: null, permutations, seed: 1 });
  const { euclidean, cosine } = centroidDistances(reference, current);
  return {
    ...about,
    bins: [],
    effect: { method: 'mmd', value: mmd2, threshold: thresholds.mmd2 },
    significance: { method: `mmd by ${String(permutations)} permutations`, pValue: p ?? 1 },
    details: { gamma, centroid_euclidean: euclidean, centroid_cosine_distance: cosine },
  };
}
