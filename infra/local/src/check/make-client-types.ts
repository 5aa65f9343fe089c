import type { RouteContract } from '@signalbox/contracts';
import { z } from 'zod';
import type { RepositoryFile } from './repository-files.ts';
import { typeText, type Schema } from './type-text.ts';

type Direction = 'input' | 'output';

interface Part {
  schema: z.ZodType;
  direction: Direction;
}

const heading = `/**
 * The wire as plain TypeScript, made from packages/contracts by \`npm run check -- --write\`: what clients send and get, without
 * the library that checks it. Not written by hand.
 */
`;

/**
 * Makes the SDK's view of the contracts: a type for every named shape, and each operation's method, path and patience. What
 * a shape is called when it is sent and when it is received differs only where its defaults make two shapes of it.
 */
export function makeClientTypes(routes: readonly RouteContract[]): RepositoryFile {
  const named = collectNamed(routes.flatMap(partsOf));
  const split = new Set(
    [...named].filter(([, { input, output }]) => input && output && bare(input) !== bare(output)).map(([id]) => id),
  );
  const nameFor = (direction: Direction) => (id: string) =>
    direction === 'input' && split.has(id) ? `${id}Given` : id;
  const types = [...named]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([id, forms]) => {
      const received = forms.output ?? forms.input;
      const receivedAs = forms.output ? 'output' : 'input';
      return [
        ...(received ? [declaration(id, received, nameFor(receivedAs))] : []),
        ...(split.has(id) && forms.input ? [declaration(`${id}Given`, forms.input, nameFor('input'))] : []),
      ];
    });
  const operations = routes.map((route) => operationType(route, nameFor));
  const table = routes.map(
    ({ operationId, method, path, firstByteTimeoutMs, takesRestOfPath }) =>
      `  ${operationId}: { method: '${method.toUpperCase()}', path: '${path}', timeoutMs: ${String(firstByteTimeoutMs)}, ` +
      `takesRestOfPath: ${String(takesRestOfPath)} },`,
  );
  const text = [
    heading,
    ...types,
    `/** What each operation is given and answers; \`null\`: it takes none, or answers nothing. */`,
    `export interface WireOperations {`,
    ...operations,
    `}\n`,
    `export const wireOperations = {`,
    ...table,
    `} as const;\n`,
  ].join('\n');
  return { path: 'packages/sdk/src/wire.ts', text };
}

function partsOf({ params, query, body, response }: RouteContract): Part[] {
  return [
    ...[params, query, body].map((schema) => ({ schema, direction: 'input' as const })),
    ...(response.schema === null ? [] : [{ schema: response.schema, direction: 'output' as const }]),
  ];
}

type Named = Map<string, Partial<Record<Direction, Schema>>>;

function collectNamed(parts: readonly Part[]): Named {
  const named: Named = new Map();
  for (const { schema, direction } of parts) {
    for (const [id, found] of Object.entries(schemaOf(schema, direction).$defs ?? {})) {
      named.set(id, { ...named.get(id), [direction]: found });
    }
  }
  return named;
}

function schemaOf(schema: z.ZodType, io: Direction): Schema {
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Schema;
}

/** A schema without what no TypeScript type says, so that two forms of it can be compared. */
function bare(schema: Schema): string {
  return JSON.stringify(schema, (key, value: unknown) =>
    key === 'default' || (key === 'additionalProperties' && value === false) ? undefined : value,
  );
}

function declaration(name: string, schema: Schema, nameOf: (id: string) => string): string {
  const comment = schema.description === undefined ? '' : `/** ${schema.description.replaceAll('*/', '')} */\n`;
  const { description: _, ...rest } = schema;
  const text = typeText(rest, nameOf, 0);
  return schema.type === 'object' && text.startsWith('{')
    ? `${comment}export interface ${name} ${text}\n`
    : `${comment}export type ${name} = ${text};\n`;
}

function operationType(
  { operationId, params, query, body, response }: RouteContract,
  nameFor: (direction: Direction) => (id: string) => string,
): string {
  const given = (schema: z.ZodType): string => {
    if (schema instanceof z.ZodUndefined) return 'null';
    if (schema instanceof z.ZodObject && Object.keys(schema.shape).length === 0) return 'null';
    return typeText(schemaOf(schema, 'input'), nameFor('input'), 2);
  };
  const { contentType = 'application/json', schema } = response;
  const answer =
    schema === null
      ? 'null'
      : contentType === 'application/json'
        ? typeText(schemaOf(schema, 'output'), nameFor('output'), 2)
        : 'string';
  return [
    `  ${operationId}: {`,
    `    params: ${given(params)};`,
    `    query: ${given(query)};`,
    `    body: ${given(body)};`,
    `    answer: ${answer};`,
    '  };',
  ].join('\n');
}
