import { compareStrings } from './compare-strings.ts';
import { quoteGo } from './quote-go.ts';

/** What an alert is about. Two alerts with the same labels are the same alert; a label with an empty value is no label. */
export type LabelSet = Readonly<Record<string, string>>;

/**
 * The identity of a label set: 16 hexadecimal digits, the FNV-1a hash (64 bits) over the bytes of name, 0xff, value, 0xff
 * of every label in the order of the names. Equal to Alertmanager's, so both can be compared.
 */
export function fingerprintOf(labels: LabelSet): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  const add = (byte: number): void => {
    low = (low ^ byte) >>> 0;
    // The prime is 2^40 + 0x1b3: a multiplication by 0x1b3, and the low half shifted into the high one.
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / 0x1_0000_0000) + (low << 8)) >>> 0;
    low = product >>> 0;
  };
  for (const name of labelNames(labels)) {
    addBytes(name, add);
    add(0xff);
    addBytes(labels[name] ?? '', add);
    add(0xff);
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

function addBytes(text: string, add: (byte: number) => void): void {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) {
      for (const byte of Buffer.from(text.slice(index))) add(byte);
      return;
    }
    add(unit);
  }
}

/** The names in the order of their bytes. */
function labelNames(labels: LabelSet): string[] {
  return Object.keys(labels).sort(compareStrings);
}

/** The labels without those that are empty, which are as good as absent. */
export function withoutEmptyLabels(labels: LabelSet): LabelSet {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

/** `{alertname="LatencyHigh", tenant="acme"}`: the form in which a group's labels are part of its key. */
export function formatLabelSet(labels: LabelSet): string {
  return `{${labelNames(labels)
    .map((name) => `${name}=${quoteGo(labels[name] ?? '')}`)
    .join(', ')}}`;
}

export function sameLabels(left: LabelSet, right: LabelSet): boolean {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
}

/** Fewer labels first; then the first name that only one of them has, or whose values differ. */
export function compareLabelSets(left: LabelSet, right: LabelSet): number {
  const fewer = Object.keys(left).length - Object.keys(right).length;
  if (fewer !== 0) return fewer;
  for (const name of [...new Set([...Object.keys(left), ...Object.keys(right)])].sort(compareStrings)) {
    const a = left[name];
    const b = right[name];
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    if (a !== b) return compareStrings(a, b);
  }
  return 0;
}

/** In which order the alerts of a group are shown and sent: by job, by instance, by all labels. */
export function compareAlertLabels(left: LabelSet, right: LabelSet): number {
  for (const name of ['job', 'instance']) {
    const a = left[name];
    const b = right[name];
    if (a === b) continue;
    if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
    return compareStrings(a, b);
  }
  return compareLabelSets(left, right);
}

/** What may name a label: any text without white space and control characters. */
export function isLabelName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\s\p{Cc}]/u.test(name);
}
