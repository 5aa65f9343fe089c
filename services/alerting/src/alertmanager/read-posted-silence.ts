import { matchersOf } from './present-silence.ts';
import type { SilenceInput } from '../silences/silence.ts';
import { AmRefusal, missing, unreadable } from './am-refusal.ts';
import { isObject, kindOf, readTexts, readTime } from './read-posted-alerts.ts';

const body = 'silence';

/** Reads what is posted as a silence; `id` is null for a new one. Throws `AmRefusal` for what is not of the right form. */
export function readPostedSilence(posted: unknown, now: Date): SilenceInput & { id: string | null } {
  if (posted === undefined || posted === null) throw missing(body);
  if (!isObject(posted)) throw unreadable(body, `json: cannot unmarshal ${kindOf(posted)} into a silence`);
  // In this order the fields are looked at, and the first that is wrong is told.
  const comment = readText(posted['comment'], 'comment');
  const createdBy = readText(posted['createdBy'], 'createdBy');
  const endsAt = readRequiredTime(posted['endsAt'], 'endsAt');
  const matchers = readMatcherList(posted['matchers']);
  const startsAt = readRequiredTime(posted['startsAt'], 'startsAt');
  const id = posted['id'] ?? '';
  if (typeof id !== 'string') throw unreadable(body, `json: cannot unmarshal ${kindOf(id)} into id of type string`);
  return {
    id: id === '' ? null : id,
    comment,
    createdBy,
    matchers: matchersOf(matchers),
    startsAt: startsAt ?? now,
    // Go's zero time lies in the past, and so does this.
    endsAt: endsAt ?? new Date(0),
    annotations: readTexts(posted['annotations'] ?? {}, 'annotations', body),
  };
}

export interface AmMatcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

function readMatcherList(value: unknown): AmMatcher[] {
  if (value === undefined || value === null) throw missing('matchers');
  if (!Array.isArray(value)) throw unreadable(body, `json: cannot unmarshal ${kindOf(value)} into matchers`);
  if (value.length === 0)
    throw new AmRefusal(422, { code: 612, message: 'matchers in body should have at least 1 items' });
  return value.map((item: unknown, index) => {
    if (!isObject(item)) throw unreadable(body, `json: cannot unmarshal ${kindOf(item)} into a matcher`);
    const path = `matchers.${index}`;
    return {
      isEqual:
        item['isEqual'] === undefined || item['isEqual'] === null || readFlag(item['isEqual'], `${path}.isEqual`),
      isRegex: readFlag(item['isRegex'], `${path}.isRegex`),
      name: readText(item['name'], `${path}.name`),
      value: readText(item['value'], `${path}.value`),
    };
  });
}

function readText(value: unknown, path: string): string {
  if (value === undefined || value === null) throw missing(path);
  if (typeof value !== 'string')
    throw unreadable(body, `json: cannot unmarshal ${kindOf(value)} into ${path} of type string`);
  return value;
}

function readFlag(value: unknown, path: string): boolean {
  if (value === undefined || value === null) throw missing(path);
  if (typeof value !== 'boolean')
    throw unreadable(body, `json: cannot unmarshal ${kindOf(value)} into ${path} of type bool`);
  return value;
}

function readRequiredTime(value: unknown, path: string): Date | null {
  if (value === undefined || value === null) throw missing(path);
  return readTime(value, path, body);
}
