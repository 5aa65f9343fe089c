const lnFactorials = lnFactorialsUpTo(20);

/** How far ln(n!) is from Stirling's formula. */
export function stirlingError(n: number): number {
  const known = lnFactorials[n];
  if (known !== undefined) return n === 0 ? 0 : known - (n + 0.5) * Math.log(n) + n - 0.5 * Math.log(2 * Math.PI);
  const square = n * n;
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * square)) / square) / square) / square) / n;
}

/** x·ln(x/m) + m − x without the cancellation (Loader, “Fast and accurate computation of binomial probabilities”, 2000). */
function deviance(x: number, m: number): number {
  if (x === 0) return m;
  const gap = x - m;
  if (Math.abs(gap) >= 0.1 * (x + m)) return x * Math.log(x / m) - gap;
  const ratio = gap / (x + m);
  let sum = gap * ratio;
  let power = 2 * x * ratio;
  for (let term = 3; ; term += 2) {
    power *= ratio * ratio;
    const next = sum + power / term;
    if (next === sum) return sum;
    sum = next;
  }
}

/** P(X = k) of a binomial distribution whose mean is `mean` = n·p; relative error near the double's own. */
export function binomialTerm(k: number, n: number, mean: number): number {
  if (k === 0) return Math.exp(n * Math.log1p(-mean / n));
  if (k === n) return Math.exp(n * Math.log(mean / n));
  const exponent =
    stirlingError(n) - stirlingError(k) - stirlingError(n - k) - deviance(k, mean) - deviance(n - k, n - mean);
  return Math.exp(exponent) * Math.sqrt(n / (2 * Math.PI * k * (n - k)));
}

/** ln(n!). */
export function lnFactorial(n: number): number {
  return lnFactorials[n] ?? (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + stirlingError(n);
}

function lnFactorialsUpTo(n: number): number[] {
  const logs = [0];
  let factorial = 1;
  for (let k = 1; k <= n; k += 1) {
    factorial *= k;
    logs.push(Math.log(factorial));
  }
  return logs;
}
