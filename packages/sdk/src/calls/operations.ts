import { wireOperations, type WireOperations } from '../wire.ts';
import { plannedOperations, type PlannedOperations } from '../planned-operations.ts';

/** Every operation of the mesh, by its `operationId` in `/openapi.json`. */
export type Operations = Omit<PlannedOperations, keyof WireOperations> & WireOperations;
export type OperationId = keyof Operations;

export type Params<O extends OperationId> = Operations[O]['params'];
export type Query<O extends OperationId> = Operations[O]['query'];
export type Body<O extends OperationId> = Operations[O]['body'];
export type Answer<O extends OperationId> = Operations[O]['answer'];

type Part<Name extends string, Value> = Value extends null
  ? unknown
  : Partial<Value> extends Value
    ? { [name in Name]?: Value }
    : { [name in Name]: Value };

/** What an operation is given: only what it takes, and only optional where nothing in it is needed. */
export type Given<O extends OperationId> = Part<'params', Params<O>> & Part<'query', Query<O>> & Part<'body', Body<O>>;

export interface OperationFacts {
  method: string;
  path: string;
  /** How long the mesh waits for the first byte of the answer. */
  timeoutMs: number;
  /** The last parameter keeps its slashes. */
  takesRestOfPath: boolean;
}

const facts: Readonly<Record<OperationId, OperationFacts>> = { ...plannedOperations, ...wireOperations };

export function factsOf(operation: OperationId): OperationFacts {
  return facts[operation];
}

/** Where the server makes one effect of two requests with one key: those get a key of their own accord. */
const keyed: ReadonlySet<OperationId> = new Set<OperationId>([
  ...(['createChatCompletion', 'createMessage', 'createResponse', 'createEmbedding', 'analyzeDocument'] as const),
  ...(['createTask', 'createResearch', 'uploadDocument', 'recordInference', 'recordBatch'] as const),
]);

export function takesIdempotencyKey(operation: OperationId): boolean {
  return keyed.has(operation);
}

/** The path with its parameters, and the query. */
export function targetOf(
  { path, takesRestOfPath }: OperationFacts,
  params: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, unknown>>,
): string {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const text = textOf(params[name]);
    if (text === '') throw new TypeError(`${name} must not be empty`);
    return takesRestOfPath && name === names.at(-1) ? text.split('/').map(encode).join('/') : encode(text);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (one !== undefined && one !== null) search.append(name, textOf(one));
    }
  }
  return search.size === 0 ? filled : `${filled}?${search.toString()}`;
}

/** A segment of dots would climb in the path, whatever it is written as. */
function encode(segment: string): string {
  if (segment === '.' || segment === '..') throw new TypeError(`an id cannot be ${segment}`);
  return encodeURIComponent(segment);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return value.toISOString();
  throw new TypeError('expected a text, a number, a boolean or a Date');
}
