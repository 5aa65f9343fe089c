const named: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};
const printable = /^[ \p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

/** A text in double quotes, with the escapes of Go's `%q`, in which Alertmanager writes values into its keys and messages. */
export function quoteGo(text: string): string {
  let quoted = '"';
  for (const character of text)
    quoted += named[character] ?? (printable.test(character) ? character : escaped(character));
  return `${quoted}"`;
}

function escaped(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x20 || point === 0x7f) return `\\x${point.toString(16).padStart(2, '0')}`;
  return point > 0xffff ? `\\U${point.toString(16).padStart(8, '0')}` : `\\u${point.toString(16).padStart(4, '0')}`;
}
