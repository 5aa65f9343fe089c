/** Kolmogorov's limit law: P(K ≥ λ) = 2 Σ (−1)^(k−1) exp(−2k²λ²). */
export function kolmogorovLimitTail(lambda: number): number {
  if (lambda <= 0) return 1;
  if (lambda < 1) return 1 - smallLambda(lambda);
  let sum = 0;
  for (let k = 1; k <= 20; k += 1) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * (k * lambda) ** 2);
  return sum;
}

/** The same law from the other side (a theta function), where the first series is slow. */
function smallLambda(lambda: number): number {
  let sum = 0;
  for (let k = 1; k <= 9; k += 2) sum += Math.exp(-((k * Math.PI) ** 2) / (8 * lambda * lambda));
  return (Math.sqrt(2 * Math.PI) / lambda) * sum;
}
