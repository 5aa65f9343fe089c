/** Of JSON Schema (2020-12) what our contracts become. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  description?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  prefixItems?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
}

type NameOf = (id: string) => string;

/** The TypeScript type of what a schema accepts; members are indented by `depth` steps more than the type itself. */
export function typeText(schema: Schema, nameOf: NameOf, depth: number): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref.replace('#/$defs/', ''));
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map((one) => typeText(one, nameOf, depth)))].join(' | ');
  if (schema.allOf !== undefined) return schema.allOf.map((one) => typeText(one, nameOf, depth)).join(' & ');
  if (Array.isArray(schema.type)) {
    return schema.type.map((type) => typeText({ ...schema, type }, nameOf, depth)).join(' | ');
  }
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return arrayText(schema, nameOf, depth);
    case 'object':
      return objectText(schema, nameOf, depth);
    case undefined:
    default:
      return 'unknown';
  }
}

function literal(value: unknown): string {
  return typeof value === 'string'
    ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
    : JSON.stringify(value);
}

function arrayText({ items, prefixItems }: Schema, nameOf: NameOf, depth: number): string {
  if (prefixItems !== undefined) return `[${prefixItems.map((item) => typeText(item, nameOf, depth)).join(', ')}]`;
  const item = items === undefined ? 'unknown' : typeText(items, nameOf, depth);
  return /^[\w.]+$/.test(item) ? `${item}[]` : `(${item})[]`;
}

function objectText(schema: Schema, nameOf: NameOf, depth: number): string {
  const { properties = {}, required = [], additionalProperties } = schema;
  const rest =
    typeof additionalProperties === 'object'
      ? typeText(additionalProperties, nameOf, depth)
      : additionalProperties === true
        ? 'unknown'
        : null;
  const names = Object.keys(properties);
  if (names.length === 0) return `Record<string, ${rest ?? 'never'}>`;
  const indent = '  '.repeat(depth + 1);
  const lines = names.flatMap((name) => {
    const member = properties[name] ?? {};
    const comment = member.description === undefined ? [] : [`/** ${member.description.replaceAll('*/', '')} */`];
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : literal(name);
    return [...comment, `${key}${required.includes(name) ? '' : '?'}: ${typeText(member, nameOf, depth + 1)};`];
  });
  // Where further members have a type of their own, those that are named need not fit it.
  if (rest !== null) lines.push('[member: string]: unknown;');
  return `{\n${lines.map((line) => indent + line).join('\n')}\n${'  '.repeat(depth)}}`;
}
