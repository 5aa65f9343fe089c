import type { ReportedAlert } from '../alerts/merge-alert.ts';
import { isLabelName, withoutEmptyLabels, type LabelSet } from '../labels/label-set.ts';
import { quoteGo } from '../labels/quote-go.ts';
import { malformed, missing, unreadable } from './am-refusal.ts';
import { parseGoTime } from './go-time.ts';

export interface PostedAlerts {
  /** Those that are taken. */
  readonly alerts: readonly ReportedAlert[];
  /** What is wrong with the others; null if there are none. */
  readonly refusal: string | null;
}

/**
 * Reads what is posted as alerts: what says no start began now, what says no end counts for `resolveTimeoutMs`. One alert
 * that cannot be does not stop the others. Throws `AmRefusal` for what is not of the right form as a whole.
 */
export function readPostedAlerts(
  body: unknown,
  { now, resolveTimeoutMs }: { now: Date; resolveTimeoutMs: number },
): PostedAlerts {
  if (body === undefined || body === null) throw missing('alerts');
  if (!Array.isArray(body))
    throw unreadable('alerts', `json: cannot unmarshal ${kindOf(body)} into an array of alerts`);
  const read = body.map((item: unknown, index) => readAlert(item, index, { now, resolveTimeoutMs }));
  const refusals = read.flatMap((alert) => problemOf(alert) ?? []);
  return {
    alerts: refusals.length === 0 ? read : read.filter((alert) => problemOf(alert) === null),
    refusal: refusals.length === 0 ? null : refusals.join('; '),
  };
}

function readAlert(
  item: unknown,
  index: number,
  { now, resolveTimeoutMs }: { now: Date; resolveTimeoutMs: number },
): ReportedAlert {
  if (!isObject(item)) throw unreadable('alerts', `json: cannot unmarshal ${kindOf(item)} into an alert`);
  if (item['labels'] === undefined || item['labels'] === null) throw missing(`${index}.labels`);
  const startsAt = readTime(item['startsAt'], 'startsAt');
  const endsAt = readTime(item['endsAt'], 'endsAt');
  return {
    labels: withoutEmptyLabels(readTexts(item['labels'], 'labels')),
    annotations: readTexts(item['annotations'] ?? {}, 'annotations'),
    generatorUrl: readAddress(item['generatorURL'] ?? '', `${index}.generatorURL`),
    startsAt: startsAt ?? endsAt ?? now,
    endsAt: endsAt ?? new Date(now.getTime() + resolveTimeoutMs),
    timeout: endsAt === null,
    updatedAt: now,
  };
}

function problemOf({ labels, annotations, startsAt, endsAt }: ReportedAlert): string | null {
  if (endsAt < startsAt) return 'start time must be before end time';
  const label = invalidName(labels);
  if (label !== undefined) return `invalid label set: invalid name ${quoteGo(label)}`;
  if (Object.keys(labels).length === 0) return 'at least one label pair required';
  const annotation = invalidName(annotations);
  return annotation === undefined ? null : `invalid annotations: invalid name ${quoteGo(annotation)}`;
}

function invalidName(labels: LabelSet): string | undefined {
  return Object.keys(labels).find((name) => !isLabelName(name));
}

/** Texts by their names. */
export function readTexts(value: unknown, field: string, body = 'alerts'): LabelSet {
  if (!isObject(value)) throw unreadable(body, `json: cannot unmarshal ${kindOf(value)} into ${field}`);
  for (const [name, text] of Object.entries(value))
    if (typeof text !== 'string')
      throw unreadable(body, `json: cannot unmarshal ${kindOf(text)} into ${field}.${name} of type string`);
  return value as LabelSet;
}

/** null where no time is given. */
export function readTime(value: unknown, field: string, body = 'alerts'): Date | null {
  if (value === undefined || value === null) return null;
  const time = typeof value === 'string' ? parseGoTime(value) : undefined;
  if (time === undefined) throw unreadable(body, `parsing time ${JSON.stringify(value)} of ${field} failed`);
  return time;
}

function readAddress(value: unknown, path: string): string {
  if (typeof value !== 'string')
    throw unreadable('alerts', `json: cannot unmarshal ${kindOf(value)} into ${path} of type string`);
  if (value !== '' && !value.startsWith('/') && URL.parse(value) === null) throw malformed(path, 'body', 'uri', value);
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
