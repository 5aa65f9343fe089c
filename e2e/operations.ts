import { randomUUID } from 'node:crypto';
import type { OpenedMesh } from './harness.ts';

type Schema = Readonly<Record<string, unknown>>;

/** One operation of the document at `/openapi.json`: tests that go over all of them miss no route. */
export interface Operation {
  operationId: string;
  method: string;
  /** With its parameters: `/api/v1/api-keys/{id}`. */
  path: string;
  /** `public`: no credential. `authenticated`: any. Otherwise the scope that is needed. */
  scope: string;
  parameters: readonly { name: string; in: string; required?: boolean; schema: Schema }[];
  /** Null: it takes none. */
  bodySchema: Schema | null;
  /** It answers with events, for as long as somebody listens. */
  isStream: boolean;
}

export interface ApiDocument {
  openapi: string;
  paths: Record<string, Record<string, Record<string, unknown>>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, Schema> };
}

export interface Operations {
  document: ApiDocument;
  all: readonly Operation[];
  /** Those with a body. */
  writes: readonly Operation[];
  /** The least body that fits, with what must be unique made anew each time. */
  sampleBody(operation: Operation): Record<string, unknown>;
  /** Follows a reference. */
  resolve(schema: unknown): Schema;
}

/** Reads the mesh's own document, as a client would. */
export async function readOperations({ ask }: Pick<OpenedMesh, 'ask'>): Promise<Operations> {
  const document = (await ask('/openapi.json', { key: null })).body as unknown as ApiDocument;
  const resolve = (schema: unknown): Schema => {
    const { $ref } = schema as { $ref?: string };
    if ($ref === undefined) return schema as Schema;
    return resolve(document.components.schemas[$ref.replace('#/components/schemas/', '')] ?? {});
  };
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => {
      const { operationId, security, parameters, requestBody, responses } = operation as unknown as {
        operationId: string;
        security: Record<string, string[]>[];
        parameters?: Operation['parameters'];
        requestBody?: { content: Record<string, { schema: Schema }> };
        responses: Record<string, { content?: Record<string, unknown> }>;
      };
      const schema = requestBody?.content['application/json']?.schema;
      return {
        operationId,
        method: method.toUpperCase(),
        path,
        scope: security.length === 0 ? 'public' : (Object.values(security[0] ?? {})[0]?.[0] ?? 'authenticated'),
        parameters: (parameters ?? []).map((one) => ({ ...one, schema: resolve(one.schema) })),
        bodySchema: schema === undefined ? null : resolve(schema),
        isStream: Object.keys(responses['200']?.content ?? {}).join() === 'text/event-stream',
      };
    }),
  );

  function sample(given: unknown): unknown {
    const schema = resolve(given);
    const [choice] = (schema['anyOf'] ?? schema['oneOf'] ?? []) as unknown[];
    if (choice !== undefined) return sample(choice);
    if (schema['const'] !== undefined) return schema['const'];
    const [word] = (schema['enum'] ?? []) as unknown[];
    if (word !== undefined) return word;
    const type = Array.isArray(schema['type']) ? String(schema['type'][0]) : schema['type'];
    switch (type) {
      case 'object': {
        const required = new Set((schema['required'] ?? []) as string[]);
        const members = Object.entries((schema['properties'] ?? {}) as Record<string, unknown>);
        return Object.fromEntries(
          members.filter(([name]) => required.has(name)).map(([name, member]) => [name, sample(member)]),
        );
      }
      case 'array':
        return Array.from({ length: Number(schema['minItems'] ?? 0) }, () => sample(schema['items']));
      case 'integer':
      case 'number':
        return Number(schema['minimum'] ?? 1);
      case 'boolean':
        return true;
      case 'string':
        if (schema['format'] === 'email') return `${randomUUID()}@example.org`;
        if (schema['format'] === 'uri') return 'https://example.org/v1';
        if (typeof schema['pattern'] === 'string') return fitting(new RegExp(schema['pattern'], 'u'));
        return 'a sample of text'.padEnd(Number(schema['minLength'] ?? 0), '.');
      default:
        throw new Error(`no sample can be made of ${JSON.stringify(schema)}`);
    }
  }

  return {
    document,
    all,
    writes: all.filter(({ bodySchema }) => bodySchema !== null),
    sampleBody: ({ bodySchema }) => sample(bodySchema) as Record<string, unknown>,
    resolve,
  };
}

/** A text of that form: a name, an amount, or whatever else is asked for by its form. */
function fitting(form: RegExp): string {
  const drawn = randomUUID().slice(0, 8);
  const names = [`sample-${drawn}`, `sample_${drawn}`, 'name:value', 'SAMPLE_API_KEY', 'a sample of text'];
  const samples = [...names, '1', '09:30'];
  const sample = samples.find((text) => form.test(text));
  if (sample === undefined) throw new Error(`no sample is of the form ${form.source}`);
  return sample;
}

/** The path with a value in place of each parameter. */
export function pathOf({ path }: Operation, value: string): string {
  return path.replaceAll(/\{\w+\}/g, value);
}

const absentId = 'absent_00000000';
const absentUuid = '00000000-0000-4000-8000-000000000000';

/** The path of a thing that is not there, each parameter in the form that it must have; `known` are those that are there. */
export function absentPathOf({ path, parameters }: Operation, known: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const schema = parameters.find((one) => one.name === name)?.schema ?? {};
    const [word] = (schema['enum'] ?? []) as string[];
    const form = new RegExp(typeof schema['pattern'] === 'string' ? schema['pattern'] : '', 'u');
    // Alertmanager's routes take any text and then want a UUID.
    const isUuid = schema['format'] === 'uuid' || path.startsWith('/alertmanager/');
    const absent = isUuid ? absentUuid : form.test(absentId) ? absentId : `${absentId}.html`;
    return known[name] ?? word ?? absent;
  });
}
