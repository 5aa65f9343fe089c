/** What stands where a credential stood. */
export const redacted = '[redacted]';

const secretNames = 'passw(?:or)?d|passphrase|secret|credentials?|token|api[_-]?key|private[_-]?key|signature';

// None of these can be made to take more than linear time: each begins where it cannot begin again inside itself, or
// repeats a bounded number of times.
const credentialShapes: readonly [RegExp, string][] = [
  // Our own keys, those of model providers and code hosts, JSON web tokens.
  [/sbx_[a-z]{1,8}_\w+/g, redacted],
  [
    /(?<!\w)(?:sk-[\w-]{6,}|(?:[srp]k_(?:live|test)|gsk|hf|r8|gh[a-z]|github_pat)_\w{12,}|(?:xai|pplx|glpat)-[\w-]{12,})/g,
    redacted,
  ],
  [/(?<!\w)(?:AKIA[A-Z0-9]{12,}|AIza[\w-]{20,})/g, redacted],
  [/(?<![\w-])eyJ[\w-]{4,}\.[\w.-]*/g, redacted],
  [/\b(bearer|basic)\s{1,4}[\w.~+/=-]+/gi, `$1 ${redacted}`],
  // Whoever stands before the `@` of an address; a database's password may hold a slash that nobody escaped.
  [/((?:postgres(?:ql)?|rediss?|mysql|mongodb(?:\+srv)?|amqps?):\/\/)[^\s"'<>]{1,500}@/gi, `$1${redacted}@`],
  [/(:\/\/)[^\s/?#"'<>@]*@/g, `$1${redacted}@`],
  // `authorization: …` to the end of its line, since such a value may hold anything; `"password": "…"`, `?key=…`.
  [/((?:authorization|cookie)["']?\s{0,3}[=:]\s{0,3})[^\r\n]+/gi, `$1${redacted}`],
  [
    new RegExp(
      `((?<![\\w-])(?:[\\w-]{0,30}(?:${secretNames})|key|sig|jwt)["']?\\s{0,3}[=:]\\s{0,3})(?:"[^"]*"?|'[^']*'?|[^\\s"',;&)}]+)`,
      'gi',
    ),
    `$1${redacted}`,
  ],
];

// The one pass that nearly every text ends with.
const suspicious = new RegExp(
  `sbx_|sk[-_]|[rp]k_|hf_|r8_|gh[a-z]_|github_|xai-|pplx-|glpat-|AKIA|AIza|eyJ|bearer|basic|://|authorization|cookie|jwt|key|sig|${secretNames}| is not valid JSON`,
  'i',
);

/** `text` without anything that has the shape of a credential. Give it whole texts: half a credential has no shape. */
export function redactText(text: string): string {
  if (!suspicious.test(text)) return text;
  return credentialShapes.reduce(
    (rest, [shape, replacement]) => rest.replace(shape, replacement),
    withoutUnparsable(text),
  );
}

/** V8 quotes what it could not parse (`Unexpected token 'x', "…" is not valid JSON`), and that may be anybody's body. */
function withoutUnparsable(text: string): string {
  const end = text.lastIndexOf(' is not valid JSON');
  const start = text.indexOf('"');
  return start === -1 || start > end ? text : text.slice(0, start) + redacted + text.slice(end);
}
