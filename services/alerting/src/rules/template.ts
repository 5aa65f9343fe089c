import type { LabelSet } from '../labels/label-set.ts';

/** What a template may speak of. */
export interface TemplateFacts {
  value: number | null;
  threshold: number | null;
  labels: LabelSet;
}

const hole = /\{\{([^{}]*)\}\}/g;
const expression = /^\s*(value|threshold|labels\.([a-zA-Z_][a-zA-Z0-9_]*))\s*((?:\|[^|]*)*)$/;
const filter = /^\s*(?:(round)\s+(\d{1,2})|(percent)|(upper))\s*$/;

/** What is wrong with a template, in a sentence; null: nothing. */
export function templateFlaw(template: string): string | null {
  for (const [, inner = ''] of template.matchAll(hole)) {
    if (readExpression(inner) === null)
      return `Expected value, threshold or labels.<name>, with round <digits>, percent or upper, in {{${inner}}}.`;
  }
  return /\{\{|\}\}/.test(template.replaceAll(hole, '')) ? 'Expected each {{ to be closed by }}.' : null;
}

/** Fills a template in. It holds no code: names of facts, and three filters. */
export function fillTemplate(template: string, facts: TemplateFacts): string {
  return template.replaceAll(hole, (whole, inner: string) => {
    const read = readExpression(inner);
    return read === null ? whole : read.filters.reduce<string>((text, apply) => apply(text), factOf(read.name, facts));
  });
}

interface Expression {
  name: string;
  filters: readonly ((text: string) => string)[];
}

function readExpression(inner: string): Expression | null {
  const match = expression.exec(inner);
  const [, name, , rest = ''] = match ?? [];
  if (name === undefined) return null;
  const filters = rest.split('|').slice(1).map(readFilter);
  const known = filters.filter((one) => one !== null);
  return known.length === filters.length ? { name, filters: known } : null;
}

function readFilter(text: string): ((value: string) => string) | null {
  const [whole, , digits, percent] = filter.exec(text) ?? [];
  if (whole === undefined) return null;
  if (digits !== undefined) return onNumber((number) => rounded(number, Number(digits)));
  if (percent !== undefined) return onNumber((number) => `${rounded(number * 100, 2)}%`);
  return (value) => value.toUpperCase();
}

function onNumber(format: (number: number) => string): (value: string) => string {
  return (value) => (value === '' || Number.isNaN(Number(value)) ? value : format(Number(value)));
}

function rounded(number: number, digits: number): string {
  return String(Number(number.toFixed(digits)));
}

function factOf(name: string, { value, threshold, labels }: TemplateFacts): string {
  if (name === 'value') return value === null ? '' : String(value);
  if (name === 'threshold') return threshold === null ? '' : String(threshold);
  const label = name.slice('labels.'.length);
  return Object.hasOwn(labels, label) ? (labels[label] ?? '') : '';
}
