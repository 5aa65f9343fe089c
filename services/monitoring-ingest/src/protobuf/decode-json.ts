import { AppError } from '@signalbox/errors';
import { depthMax, type Decoded, type Field, type MessageType, type Scalar } from './message.ts';

/**
 * Decodes a message out of protobuf's JSON: unknown members are passed over, null is nothing, 64-bit integers may be strings.
 * Throws `validation_failed`, which names the member, for what does not fit.
 */
export function decodeJson<Type extends MessageType>(type: Type, value: unknown): Decoded<Type> {
  return decodeMessage(type, value, '', 0) as Decoded<Type>;
}

function decodeMessage(type: MessageType, value: unknown, path: string, depth: number): Record<string, unknown> {
  if (depth > depthMax || typeof value !== 'object' || value === null || Array.isArray(value))
    throw expected(path, 'object');
  const members = value as Record<string, unknown>;
  const decoded: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(type)) {
    const given = Object.hasOwn(members, name) ? members[name] : undefined;
    const at = path === '' ? name : `${path}.${name}`;
    if (field.repeated) decoded[name] = decodeList(field, given ?? [], at, depth);
    else if (given != null) decoded[name] = decodeValue(field, given, at, depth);
  }
  return decoded;
}

function decodeList(field: Field<unknown>, given: unknown, path: string, depth: number): unknown[] {
  if (!Array.isArray(given)) throw expected(path, 'array');
  return given.map((value: unknown, index) => decodeValue(field, value, `${path}.${String(index)}`, depth));
}

function decodeValue({ type, hex }: Field<unknown>, value: unknown, path: string, depth: number): unknown {
  return typeof type === 'function'
    ? decodeMessage(type(), value, path, depth + 1)
    : decodeScalar(type, hex, value, path);
}

function decodeScalar(type: Scalar, hex: boolean, value: unknown, path: string): unknown {
  switch (type) {
    case 'string':
      if (typeof value === 'string') return value;
      throw expected(path, 'string');
    case 'bool':
      if (typeof value === 'boolean') return value;
      throw expected(path, 'boolean');
    case 'bytes': {
      const form = hex ? /^(?:[0-9a-f]{2})*$/i : /^[\w+/-]*={0,2}$/;
      if (typeof value === 'string' && form.test(value)) return Buffer.from(value, hex ? 'hex' : 'base64');
      throw expected(path, hex ? 'hexadecimal digits' : 'base64');
    }
    case 'double':
    case 'fixed32':
    case 'fixed64':
    case 'int32':
    case 'int64':
    case 'sfixed64':
    case 'sint32':
    case 'uint32':
    case 'uint64':
      return numberOf(type, value, path);
  }
}

/** Doubles have words for what JSON has no number for. */
const doubleWords = new Set(['NaN', 'Infinity', '-Infinity']);

function numberOf(type: Scalar, value: unknown, path: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number') {
    if (type === 'double' && (!Number.isNaN(number) || doubleWords.has(String(value)))) return number;
    if (type !== 'double' && Number.isFinite(number) && Math.trunc(number) === number) return number;
  }
  throw expected(path, type === 'double' ? 'number' : 'integer');
}

function expected(path: string, what: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message: `Expected ${what}.` }] });
}
