const scale = 2 ** 400;

/** P(D_n < d), exact: Durbin's matrix to the power n (Marsaglia, Tsang and Wang, 2003). Its side is about 2·n·d. */
export function kolmogorovCdfByMatrix(n: number, d: number): number {
  const k = Math.floor(n * d) + 1;
  const side = 2 * k - 1;
  const { cells, exponent } = power({ cells: durbinMatrix(side, k - n * d), exponent: 0 }, n, side);
  let probability = cells[(k - 1) * side + k - 1] ?? 0;
  let scales = exponent;
  for (let i = 1; i <= n; i += 1) {
    probability = (probability * i) / n;
    if (probability < 1 / scale) {
      probability *= scale;
      scales -= 1;
    }
  }
  return probability * scale ** scales;
}

/** A matrix times `scale` to the power `exponent`: its powers leave the range of doubles. */
interface ScaledMatrix {
  cells: Float64Array;
  exponent: number;
}

function durbinMatrix(side: number, h: number): Float64Array {
  const cells = new Float64Array(side * side);
  const add = (row: number, column: number, value: number): void => {
    const index = row * side + column;
    cells[index] = (cells[index] ?? 0) + value;
  };
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column <= Math.min(row + 1, side - 1); column += 1) add(row, column, 1);
  }
  for (let index = 0; index < side; index += 1) {
    add(index, 0, -(h ** (index + 1)));
    add(side - 1, index, -(h ** (side - index)));
  }
  if (2 * h > 1) add(side - 1, 0, (2 * h - 1) ** side);
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      const index = row * side + column;
      for (let factor = 2; factor <= row - column + 1; factor += 1) cells[index] = (cells[index] ?? 0) / factor;
    }
  }
  return cells;
}

function power(base: ScaledMatrix, n: number, side: number): ScaledMatrix {
  if (n === 1) return base;
  const half = power(base, Math.floor(n / 2), side);
  const square = times(half, half, side);
  return n % 2 === 0 ? square : times(square, base, side);
}

function times(left: ScaledMatrix, right: ScaledMatrix, side: number): ScaledMatrix {
  const cells = new Float64Array(side * side);
  for (let row = 0; row < side; row += 1) {
    for (let inner = 0; inner < side; inner += 1) {
      const factor = left.cells[row * side + inner] ?? 0;
      if (factor === 0) continue;
      for (let column = 0; column < side; column += 1) {
        cells[row * side + column] =
          (cells[row * side + column] ?? 0) + factor * (right.cells[inner * side + column] ?? 0);
      }
    }
  }
  const middle = cells[((side - 1) / 2) * side + (side - 1) / 2] ?? 0;
  const isLarge = middle > scale ** 0.75;
  if (isLarge) for (let index = 0; index < cells.length; index += 1) cells[index] = (cells[index] ?? 0) / scale;
  return { cells, exponent: left.exponent + right.exponent + (isLarge ? 1 : 0) };
}
