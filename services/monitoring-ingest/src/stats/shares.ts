/** How shares of zero enter a logarithm; `epsilon` is what replaces them. */
export type ZeroShares = 'fill' | 'floor' | 'add_half' | 'none';

/** Two distributions over the same bins, as shares; from counts, or given as such. */
export interface SharePair {
  reference: number[];
  current: number[];
}

export interface CountPair {
  reference: number[];
  current: number[];
}

export function sharesOf({ reference, current }: CountPair): SharePair {
  return { reference: over(reference, sum(reference)), current: over(current, sum(current)) };
}

/** (count + ½) / (n + ½·bins). */
export function sharesPlusHalf({ reference, current }: CountPair): SharePair {
  return { reference: plusHalf(reference), current: plusHalf(current) };
}

/** Without renormalising. */
export function withoutZeros(
  { reference, current }: SharePair,
  zeros: Exclude<ZeroShares, 'add_half'>,
  epsilon: number,
): SharePair {
  const replace = (share: number): number => {
    switch (zeros) {
      case 'fill':
        return share === 0 ? epsilon : share;
      case 'floor':
        return Math.max(share, epsilon);
      case 'none':
        return share;
    }
  };
  return { reference: reference.map(replace), current: current.map(replace) };
}

/** The summands of the PSI, bin by bin: (ref − cur)·ln(ref/cur). Infinite where just one share is 0. */
export function psiTerms({ reference, current }: SharePair): number[] {
  return reference.map((share, bin) => {
    const other = current[bin] ?? 0;
    return share === other ? 0 : (share - other) * Math.log(share / other);
  });
}

export function psi(pair: SharePair): number {
  return sum(psiTerms(pair));
}

/** The Jensen-Shannon divergence in nats. */
export function jensenShannon({ reference, current }: SharePair): number {
  const terms = reference.map((share, bin) => {
    const other = current[bin] ?? 0;
    const middle = (share + other) / 2;
    return share === other ? 0 : (relativeEntropy(share, middle) + relativeEntropy(other, middle)) / 2;
  });
  return Math.max(0, sum(terms));
}

/** √(½ Σ (√ref − √cur)²), which is √(1 − BC) without the cancellation. */
export function hellinger({ reference, current }: SharePair): number {
  return Math.sqrt(sum(reference.map((share, bin) => (Math.sqrt(share) - Math.sqrt(current[bin] ?? 0)) ** 2)) / 2);
}

/** KL(from ‖ to) in nats; infinite where `to` has nothing of what `from` has. */
export function kullbackLeibler(from: readonly number[], to: readonly number[]): number {
  return Math.max(0, sum(from.map((share, bin) => relativeEntropy(share, to[bin] ?? 0))));
}

export function totalVariation({ reference, current }: SharePair): number {
  return sum(reference.map((share, bin) => Math.abs(share - (current[bin] ?? 0)))) / 2;
}

export function lInfinity({ reference, current }: SharePair): number {
  return reference.reduce((most, share, bin) => Math.max(most, Math.abs(share - (current[bin] ?? 0))), 0);
}

/** So that they add up to 1. */
export function renormalised(shares: readonly number[]): number[] {
  return over(shares, sum(shares));
}

/** Compensated (Neumaier): many small terms keep their digits. */
export function sum(terms: readonly number[]): number {
  let [total, lost] = [0, 0];
  for (const term of terms) {
    const next = total + term;
    lost += Math.abs(total) >= Math.abs(term) ? total - next + term : term - next + total;
    total = next;
  }
  return Number.isFinite(total) ? total + lost : total;
}

function relativeEntropy(share: number, other: number): number {
  return share === 0 ? 0 : share * Math.log(share / other);
}

function over(values: readonly number[], total: number): number[] {
  return values.map((value) => value / total);
}

function plusHalf(counts: readonly number[]): number[] {
  const total = sum(counts) + 0.5 * counts.length;
  return counts.map((count) => (count + 0.5) / total);
}
