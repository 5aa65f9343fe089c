/** P(|T| ≥ |t|) of Student's distribution, which is I_x(df/2, ½) at x = df / (df + t²). */
export function studentTwoSided(t: number, df: number): number {
  if (t === 0) return 1;
  const a = df / 2;
  const x = df / (df + t * t);
  const rest = (t * t) / (df + t * t);
  // x^a · (1 − x)^½ / B(a, ½), without the cancellation of logarithms of gamma functions.
  const front = (Math.exp(-a * Math.log1p((t * t) / df)) * Math.sqrt(rest) * gammaRatio(a)) / Math.sqrt(Math.PI);
  return x < (a + 1) / (a + 2.5)
    ? (front * betaFraction(a, 0.5, x)) / a
    : 1 - (front * betaFraction(0.5, a, rest)) / 0.5;
}

/** Γ(a + ½) / Γ(a). */
function gammaRatio(a: number): number {
  let [factor, z] = [1, a];
  for (; z < 20; z += 1) factor *= z / (z + 0.5);
  return factor * Math.exp(z * Math.log1p(0.5 / z) - 0.5 + correction(z + 0.5) - correction(z)) * Math.sqrt(z);
}

/** How far ln Γ(z) is from Stirling's formula, of z from 20. */
function correction(z: number): number {
  const square = z * z;
  return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / z;
}

/** The continued fraction of the incomplete beta function (Lentz), for x below (a + 1) / (a + b + 2). */
function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 10_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return fraction;
}
