import { seededRandom, shuffle } from './random.ts';
import { median } from './quantile.ts';
import { sum } from './shares.ts';

export type Vectors = readonly ArrayLike<number>[];

export interface Mmd {
  /** Unbiased: below 0 about as often as above where there is no difference. */
  mmd2: number;
  gamma: number;
  medianPairDistance: number;
  /** By permutation; null when none was asked for. */
  p: number | null;
}

/**
 * The squared maximum mean discrepancy (unbiased) with the kernel exp(−γ‖x − y‖²); γ is 1 / median² of the distances between
 * the two samples, unless given. Both have at least two vectors. With permutations, p = (1 + reached) / (1 + permutations).
 */
export function* mmdInSteps(
  reference: Vectors,
  current: Vectors,
  options: { gamma: number | null; permutations: number; seed: number },
): Generator<undefined, Mmd> {
  const [n, m] = [reference.length, current.length];
  const pooled = [...reference, ...current];
  const size = n + m;
  const squares = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < i; j += 1) {
      squares[i * size + j] = squares[j * size + i] = squaredDistance(pooled[i] ?? [], pooled[j] ?? []);
    }
    if (i % 64 === 63) yield;
  }
  const between = reference.flatMap((_, i) => current.map((_vector, j) => Math.sqrt(squares[i * size + n + j] ?? 0)));
  const medianPairDistance = median(between);
  // All vectors alike: any width of the kernel gives the same.
  const gamma = options.gamma ?? (medianPairDistance === 0 ? 1 : 1 / medianPairDistance ** 2);
  const kernel = squares.map((square) => Math.exp(-gamma * square));
  const order = Uint32Array.from(pooled, (_, index) => index);
  const mmd2 = unbiasedMmd2(kernel, order, n);
  if (options.permutations === 0) return { mmd2, gamma, medianPairDistance, p: null };
  const random = seededRandom(options.seed);
  let reached = 0;
  for (let permutation = 0; permutation < options.permutations; permutation += 1) {
    // What only rounding sets apart is as large.
    if (unbiasedMmd2(kernel, shuffle(order, random), n) >= mmd2 - 1e-12) reached += 1;
    yield;
  }
  return { mmd2, gamma, medianPairDistance, p: (1 + reached) / (1 + options.permutations) };
}

/** The Euclidean distance of the two means, and one minus the cosine of the angle between them (null where one is 0). */
export function centroidDistances(reference: Vectors, current: Vectors): { euclidean: number; cosine: number | null } {
  const [a, b] = [centroid(reference), centroid(current)];
  const norms = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  return { euclidean: Math.sqrt(squaredDistance(a, b)), cosine: norms === 0 ? null : 1 - dot(a, b) / norms };
}

function unbiasedMmd2(kernel: Float64Array, order: Uint32Array, n: number): number {
  const size = order.length;
  const m = size - n;
  let [within, across, others] = [0, 0, 0];
  for (let i = 0; i < size; i += 1) {
    const row = (order[i] ?? 0) * size;
    let [left, right] = [0, 0];
    for (let j = 0; j < i; j += 1) {
      const value = kernel[row + (order[j] ?? 0)] ?? 0;
      if (j < n) left += value;
      else right += value;
    }
    if (i < n) within += left;
    else {
      across += left;
      others += right;
    }
  }
  return (2 * within) / (n * (n - 1)) + (2 * others) / (m * (m - 1)) - (2 * across) / (n * m);
}

function centroid(vectors: Vectors): number[] {
  return Array.from(vectors[0] ?? [], (_, axis) => sum(vectors.map((vector) => vector[axis] ?? 0)) / vectors.length);
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let square = 0;
  for (let axis = 0; axis < a.length; axis += 1) square += ((a[axis] ?? 0) - (b[axis] ?? 0)) ** 2;
  return square;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return sum(a.map((value, axis) => value * (b[axis] ?? 0)));
}
