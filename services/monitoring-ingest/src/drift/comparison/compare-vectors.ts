import { AppError } from '@signalbox/errors';
import { centroidDistances, mmdInSteps } from '../../stats/embedding.ts';
import { notDefined, type Comparing, type Outcome, type SamplesOf, type Settings } from './outcome.ts';

/** The kernel is a square of all vectors. */
const vectorsMax = 4_000;

export function* compareMmd(
  { vectors: { reference, current } }: SamplesOf<'embedding'>,
  { gamma, permutations, seed }: Settings,
): Comparing {
  if (reference.length + current.length > vectorsMax) {
    throw new AppError('validation_failed', undefined, {
      fields: [{ path: 'current', message: `Expected at most ${String(vectorsMax)} vectors in both together.` }],
    });
  }
  const found = yield* mmdInSteps(reference, current, { gamma, permutations, seed });
  const centroids = centroidDistances(reference, current);
  return {
    statistic: found.mmd2,
    pValue: found.p ?? notDefined,
    details: {
      gamma: found.gamma,
      median_pair_distance_reference_current: found.medianPairDistance,
      ...(gamma === null ? { mmd2_unbiased_rbf_gamma_1_over_median2: found.mmd2 } : {}),
      centroid_euclidean: centroids.euclidean,
      centroid_cosine_distance: centroids.cosine,
    },
  };
}

export function compareCentroids(
  method: 'centroid_euclidean' | 'centroid_cosine_distance',
  { vectors: { reference, current } }: SamplesOf<'embedding'>,
): Outcome {
  const { euclidean, cosine } = centroidDistances(reference, current);
  return {
    statistic: (method === 'centroid_euclidean' ? euclidean : cosine) ?? notDefined,
    pValue: notDefined,
    details: { centroid_euclidean: euclidean, centroid_cosine_distance: cosine },
  };
}
