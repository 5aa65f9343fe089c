const shape = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?(?:([Zz])|([+-]\d{2}):?(\d{2}))?$/;

/** Go's zero time, which its clients write where there is no time. */
const zeroTime = '0001-01-01T00:00:00.000Z';

/** A moment as Go's clients write it. null: there is none (Go's zero time). undefined: this is no time. */
export function parseGoTime(text: string): Date | null | undefined {
  const [whole, , , , , , , fraction = '', , hours = '+00', minutes = '00'] = shape.exec(text) ?? [];
  if (whole === undefined) return undefined;
  // No more than milliseconds are kept.
  const ms = Date.parse(`${whole.slice(0, 10)}T${whole.slice(11, 19)}${fraction.slice(0, 4)}${hours}:${minutes}`);
  if (Number.isNaN(ms)) return undefined;
  return whole.startsWith('0001-01-01') ? null : new Date(ms);
}

export function formatGoTime(moment: Date | null): string {
  return moment === null ? zeroTime : moment.toISOString();
}
