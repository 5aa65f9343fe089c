import type { FieldError } from '@signalbox/errors';
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** A hundred mistakes are as plain as ten thousand. */
const fieldErrorsMax = 50;
/** Names that a client may be told back. Anything else could be a secret in the wrong place. */
const tellableName = /^[A-Za-z_][\w-]{0,31}$/;

/** What was expected where. Values that came in are never repeated. */
export function fieldErrorsOf(error: z.core.$ZodError): FieldError[] {
  return error.issues.flatMap((issue) => told(issue, [])).slice(0, fieldErrorsMax);
}

function told(issue: Issue, at: readonly PropertyKey[]): FieldError[] {
  const path = [...at, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        tellableName.test(key)
          ? { path: dotted([...path, key]), message: 'Expected nothing of this name.' }
          : { path: dotted(path), message: 'Expected no unknown member.' },
      );
    case 'invalid_union':
      return toldOfUnion(issue, path);
    case 'invalid_type':
      return [
        { path: dotted(path), message: `Expected ${issue.expected}${isMissing(issue) ? '; it is missing' : ''}.` },
      ];
    case 'too_big':
    case 'too_small':
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'invalid_value':
    case 'custom':
      return [{ path: dotted(path), message: `${issue.message.replace(/\.$/, '')}.` }];
  }
}

/** Of several shapes, tells about the one that was meant: whose own kind fits, or else which kinds would. */
function toldOfUnion(issue: Extract<Issue, { code: 'invalid_union' }>, path: readonly PropertyKey[]): FieldError[] {
  const meant = issue.errors.find((issues) => issues.every((inner) => inner.path.length > 0));
  if (meant !== undefined) return meant.flatMap((inner) => told(inner, path));
  const kinds = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_type' ? [inner.expected] : []));
  const expected = kinds.length > 0 ? [...new Set(kinds)].join(' or ') : 'one of the documented shapes';
  return [{ path: dotted(path), message: `Expected ${expected}.` }];
}

/** zod does not say it otherwise; its messages name types, never values. */
function isMissing(issue: Issue): boolean {
  return issue.message.endsWith('received undefined');
}

/** The keys of a record are the client's own, and are told back like any other name. */
function dotted(path: readonly PropertyKey[]): string {
  return path.map((step) => (typeof step === 'string' && !tellableName.test(step) ? '*' : String(step))).join('.');
}
