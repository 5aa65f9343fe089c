const termsMax = 20;
const halfPiRoot = Math.sqrt(Math.PI / 2);

/** P(D_n ≤ d) by the first four terms of its expansion in 1/√n (Pelz and Good, 1976): for large n. */
export function kolmogorovCdfBySeries(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const z2 = z * z;
  const z4 = z2 * z2;
  const z6 = z4 * z2;
  let [zeroth, first, second, third] = [0, 0, 0, 0];
  for (let k = termsMax; k >= 0; k -= 1) {
    // Both signs of k + ½ at once.
    const u = Math.PI * Math.PI * (k + 0.5) ** 2;
    const weight = 2 * Math.exp(-u / (2 * z2));
    zeroth += weight;
    first += (u - z2) * weight;
    second += (6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * u + (1 - 2 * z2) * u * u) * weight;
    third +=
      (-30 * z6 - 90 * z6 * z2 + (135 * z4 - 96 * z6) * u + (212 * z4 - 60 * z2) * u * u + (5 - 30 * z2) * u ** 3) *
      weight;
  }
  let [secondEven, thirdEven] = [0, 0];
  for (let k = termsMax; k >= 1; k -= 1) {
    const u = Math.PI * Math.PI * k * k;
    const weight = 2 * Math.exp(-u / (2 * z2));
    secondEven += u * weight;
    thirdEven += (3 * u * z2 - u * u) * weight;
  }
  const root = Math.sqrt(n);
  const k0 = (halfPiRoot / z) * zeroth;
  const k1 = (halfPiRoot / (6 * z4)) * first;
  const k2 = (halfPiRoot / (72 * z6 * z)) * second - (halfPiRoot / (36 * z2 * z)) * secondEven;
  const k3 = (halfPiRoot / (6480 * z6 * z4)) * third + (halfPiRoot / (216 * z6)) * thirdEven;
  return k0 + k1 / root + k2 / n + k3 / (n * root);
}
