/**
 * The JSON value that a model wrote, which likes to say something around it: the whole text, what stands in a fence, or what
 * stands from the first brace to the last. `undefined` where there is none.
 */
export function jsonIn(text: string): unknown {
  const fenced = /```(?:json)?\s*\n([\s\S]*?)\n\s*```/.exec(text)?.[1];
  const braced = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  for (const candidate of [text, fenced, braced]) {
    if (candidate === undefined) continue;
    try {
      return JSON.parse(candidate) as unknown;
    } catch {
      // The next candidate may be one.
    }
  }
  return undefined;
}
