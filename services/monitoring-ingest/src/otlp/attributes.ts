import type { Attributes, AttributeValue } from '../intake/rows.ts';
import type { AnyValue, KeyValue } from './messages.ts';

const labelsMax = 100;
const labelCharactersMax = 1_000;

/** Attributes as JSON; of two with one name the last counts. Numbers that JSON does not know become their words. */
export function attributesOf(pairs: readonly KeyValue[]): Attributes {
  return Object.fromEntries(pairs.map(({ key = '', value }) => [key, valueOf(value)]));
}

function valueOf(value: AnyValue | undefined): AttributeValue {
  if (value === undefined) return null;
  const { stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue } = value;
  if (stringValue !== undefined) return stringValue;
  if (boolValue !== undefined) return boolValue;
  const number = intValue ?? doubleValue;
  if (number !== undefined) return Number.isFinite(number) ? number : String(number);
  if (arrayValue !== undefined) return arrayValue.values.map(valueOf);
  if (kvlistValue !== undefined) return attributesOf(kvlistValue.values);
  return bytesValue === undefined ? null : bytesValue.toString('base64');
}

/** What names a series: attributes as texts, the later ones before the earlier. Null: they are more than a series may have. */
export function labelsOf(...sets: readonly (readonly KeyValue[])[]): Readonly<Record<string, string>> | null {
  const labels = new Map<string, string>();
  for (const { key = '', value } of sets.flat()) {
    const given = valueOf(value);
    const text = typeof given === 'string' ? given : JSON.stringify(given);
    labels.set(key, text.length > labelCharactersMax ? text.slice(0, labelCharactersMax).toWellFormed() : text);
  }
  return labels.size > labelsMax ? null : Object.fromEntries(labels);
}
