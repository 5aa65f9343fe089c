import type { Sample } from '@signalbox/contracts';

/**
 * Whether a parsed JSON value is a sample for certain, told in a tenth of the time that the contract's schema takes: a
 * batch has thousands. What it takes the schema takes, and as it is; what it does not take may still be a sample (a
 * date at the end of a month, for one), and what is wrong with it is the schema's to say.
 */
export function isPlainSample(value: unknown): value is Sample {
  if (!fits(value, members)) return false;
  const { model_id: id, model_type: type, request_id: request, latency } = value as Record<string, unknown>;
  return isThere(id) && isThere(type) && isThere(request) && isThere(latency);
}

/** What is required is neither left out nor null. */
const isThere = (value: unknown): boolean => value !== undefined && value !== null;

type Check = (value: unknown) => boolean;

/** Whether every member is one of these, and is null or passes its check. */
function fits(value: unknown, checks: ReadonlyMap<string, Check>): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const record = value as Readonly<Record<string, unknown>>;
  for (const name in record) {
    const check = checks.get(name);
    if (check === undefined || (record[name] !== null && !check(record[name]))) return false;
  }
  return true;
}

function isRecord(
  value: unknown,
  isValue: Check,
  { nameMax, membersMax }: { nameMax: number; membersMax: number },
): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const record = value as Readonly<Record<string, unknown>>;
  let members = 0;
  for (const name in record) {
    members += 1;
    if (name === '' || name.length > nameMax || name === '__proto__' || name.includes('\0')) return false;
    if (!isValue(record[name])) return false;
  }
  return members <= membersMax;
}

const isNumber = (value: unknown, least: number, most: number): boolean =>
  typeof value === 'number' && value >= least && value <= most;

const isPositive = (value: unknown, most: number): boolean => isNumber(value, Number.MIN_VALUE, most);

const isText = (value: unknown, most: number): boolean =>
  typeof value === 'string' && value.length <= most && !value.includes('\0');

const controls = /[\x00-\x1f\x7f-\x9f]/;
const isName: Check = (value) =>
  typeof value === 'string' && value !== '' && value.length <= 200 && !controls.test(value);

const isShare: Check = (value) => isNumber(value, 0, 1);
const isMilliseconds: Check = (value) => isNumber(value, 0, 86_400_000);
const isCount: Check = (value) => Number.isSafeInteger(value) && isNumber(value, 0, Number.MAX_SAFE_INTEGER);
const isFiniteNumber: Check = (value) => isNumber(value, -Number.MAX_VALUE, Number.MAX_VALUE);
const isLabel: Check = (value) => isFiniteNumber(value) || isText(value, 1_000);
const isFeature: Check = (value) => value === null || typeof value === 'boolean' || isLabel(value);
const isReal: Check = (value) => isNumber(value, -3e38, 3e38);

/** Days that every month has, in the calendar's own form. */
const timestamp =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function oneOf(...words: readonly string[]): Check {
  return (value) => words.includes(value as string);
}

const usage = new Map<string, Check>([
  ['gpu_memory', isShare],
  ['cpu_usage', isShare],
  ['memory_usage', isShare],
]);

const members = new Map<string, Check>([
  ['model_id', isName],
  ['model_type', oneOf('llm', 'cv', 'tabular', 'other')],
  ['request_id', isName],
  ['timestamp', (value) => typeof value === 'string' && timestamp.test(value)],
  ['latency', (value) => isPositive(value, 86_400_000)],
  ['throughput', (value) => isPositive(value, Number.MAX_VALUE)],
  ['error_rate', isShare],
  ['resource_usage', (value) => fits(value, usage)],
  ['model_version', (value) => value !== '' && isText(value, 100)],
  ['environment', oneOf('dev', 'staging', 'prod')],
  ['time_to_first_token_ms', isMilliseconds],
  ['input_tokens', isCount],
  ['output_tokens', isCount],
  ['cost_usd', (value) => isNumber(value, 0, 1_000_000)],
  ['features', (value) => isRecord(value, isFeature, { nameMax: 200, membersMax: 1_000 })],
  ['prediction', isLabel],
  ['score', isShare],
  ['actual', isLabel],
  ['embedding', (value) => Array.isArray(value) && value.length <= 4_096 && value.every(isReal)],
  ['tags', (value) => isRecord(value, (each) => isText(each, 500), { nameMax: 100, membersMax: 50 })],
]);
