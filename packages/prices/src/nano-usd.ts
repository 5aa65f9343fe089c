/** US dollars as whole billionths: exact to add, to compare and to store. */
export type NanoUsd = bigint;

const perDollar = 1_000_000_000n;
const form = /^(\d{1,11})(?:\.(\d{1,9}))?$/;

/** Reads a decimal such as `12`, `0.05` or `0.000000001`. Throws `TypeError` for anything that is not exactly an amount. */
export function parseUsd(text: string): NanoUsd {
  const [, whole, fraction = ''] = form.exec(text) ?? [];
  if (whole === undefined) throw new TypeError('an amount has digits, and at most nine after the point');
  return BigInt(whole) * perDollar + BigInt(fraction.padEnd(9, '0'));
}

/** With all nine decimals, as Postgres writes a `numeric(20, 9)`. */
export function formatUsd(amount: NanoUsd): string {
  const sign = amount < 0n ? '-' : '';
  const absolute = amount < 0n ? -amount : amount;
  return `${sign}${String(absolute / perDollar)}.${String(absolute % perDollar).padStart(9, '0')}`;
}
