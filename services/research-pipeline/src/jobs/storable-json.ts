/** JSON that `jsonb` takes: without NUL, and with U+FFFD in place of halves of characters. */
export function storableJson(value: object): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'string' ? member.replaceAll('\0', '').toWellFormed() : member,
  );
}
