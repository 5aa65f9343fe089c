/**
 * An id as BullMQ takes it: no `:` (its keys are built with that) and no integer (its own ids are those). Our ids pass
 * unchanged; any other text is written as `~hh` per byte where it must be, so that no two ids become one.
 */
export function toJobId(id: string): string {
  if (id === '') throw new TypeError('a job id must not be empty');
  const encoded = id.replaceAll(/[^\w.-]/gu, escape);
  return /^[0-9]+$/.test(encoded) ? escape(encoded.charAt(0)) + encoded.slice(1) : encoded;
}

function escape(character: string): string {
  return Buffer.from(character).reduce((text, byte) => `${text}~${byte.toString(16).padStart(2, '0')}`, '');
}
