import { z } from 'zod';
import { isLabelName } from '../labels/label-set.ts';
import { quoteGo } from '../labels/quote-go.ts';
import { compileAnchored } from '../matchers/compile-regex.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { compileMatcher, type Matcher } from '../matchers/matcher.ts';
import { readMatchers } from '../matchers/read-matchers.ts';
import { parseDuration } from './duration.ts';

// Scalars arrive as the text that was written, so that `007` and `1e3` stay what they are.

export const text = z.string({ error: 'expected a text' });

export const duration = text.transform((written, context) => {
  const ms = parseDuration(written);
  if (ms !== null) return ms;
  return failed(context, written === '' ? 'empty duration string' : `not a valid duration string: ${quoteGo(written)}`);
});

export const positiveDuration = duration.refine((ms) => ms > 0, 'cannot be zero');

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  y: true,
  false: false,
  no: false,
  off: false,
  n: false,
};

export const flag = text.transform((written, context) => {
  const value = truths[written.toLowerCase()];
  return value ?? failed(context, `expected true or false, not ${quoteGo(written)}`);
});

export const count = text.transform((written, context) =>
  /^\d{1,9}$/.test(written) ? Number(written) : failed(context, `expected a whole number, not ${quoteGo(written)}`),
);

/** An address over HTTP. What is wrong with it is told without telling it. */
export const webAddress = text.transform((written, context) => {
  const url = URL.parse(written);
  if (url === null) return failed(context, 'expected a URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return failed(context, `unsupported scheme ${quoteGo(url.protocol.slice(0, -1))} for URL`);
  return written;
});

export const hostAndPort = text.transform((written, context) => {
  const [, bracketed, plain, port = ''] = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(written) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535)
    return failed(context, `expected host:port, not ${quoteGo(written)}`);
  return { host, port: Number(port) };
});

export const labelName = text.refine(isLabelName, {
  error: ({ input }) => `invalid label name ${quoteGo(String(input))}`,
});

/** `['a="b"', '{c=~"d"}']` */
export const matcherLines = z
  .array(text, { error: 'expected a list of matchers' })
  .transform((lines, context) => lines.flatMap((line): Matcher[] => read(context, () => readMatchers(line)) ?? []));

/** `{a: b}`: each label has exactly that value. */
export const exactMatches = z
  .record(classicName(), text, { error: 'expected labels and values' })
  .transform((values) => Object.entries(values).map(([name, value]) => compileMatcher({ name, op: '=', value })));

/** `{a: b.*}`: each label fits that expression. */
export const regexMatches = z
  .record(classicName(), text, { error: 'expected labels and regular expressions' })
  .transform((values, context) =>
    Object.entries(values).flatMap(([name, value]): Matcher[] => {
      const compiled = read(context, () => compileAnchored(value));
      // As Alertmanager keeps it: anchored, which shows in the keys of groups.
      return compiled === null ? [] : [compileMatcher({ name, op: '=~', value: `^(?:${value})$` })];
    }),
  );

function classicName(): z.ZodString {
  return z
    .string()
    .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, { error: ({ input }) => `invalid label name ${quoteGo(String(input))}` });
}

function read<Value>(context: z.RefinementCtx, attempt: () => Value): Value | null {
  try {
    return attempt();
  } catch (thrown) {
    if (!(thrown instanceof MatcherError)) throw thrown;
    return failed(context, thrown.message);
  }
}

export function failed(context: z.RefinementCtx, message: string): never {
  context.addIssue(message);
  return z.NEVER;
}
