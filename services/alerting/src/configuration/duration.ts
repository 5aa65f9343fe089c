const shape = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const day = 86_400_000;
const unitsMs = [365 * day, 7 * day, day, 3_600_000, 60_000, 1_000, 1];

/** Milliseconds of a duration as Prometheus writes it (`1h30m`, `4900ms`, `0`); null for what is none. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  const match = text === '' ? null : shape.exec(text);
  if (match === null) return null;
  const ms = unitsMs.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * unit, 0);
  return Number.isSafeInteger(ms) ? ms : null;
}
