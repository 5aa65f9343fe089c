import gammainc from '@stdlib/math-base-special-gammainc';

/** P(X ≥ x) for chi-square with so many degrees of freedom, exact to the last digits also where it is tiny. */
export function chiSquareTail(x: number, degreesOfFreedom: number): number {
  if (degreesOfFreedom === 0 || x <= 0) return 1;
  if (x === Infinity) return 0;
  return gammainc(x / 2, degreesOfFreedom / 2, true, true);
}

/** P(|Z| ≥ |z|) for the standard normal distribution. */
export function normalTwoSided(z: number): number {
  return chiSquareTail(z * z, 1);
}
