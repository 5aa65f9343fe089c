/**
 * A value as JSON that Postgres can hold: what came from a model may have NULs, which are left out, and halves of surrogate
 * pairs, which become U+FFFD.
 */
export function storableJson(value: object): string {
  // JSON.stringify escapes both, and an escaped backslash in front of what only looks like one.
  return JSON.stringify(value).replace(/\\\\|\\u0000|\\ud[89a-f][0-9a-f]{2}/g, (found) => {
    if (found === '\\\\') return found;
    return found === '\\u0000' ? '' : '\ufffd';
  });
}
