import { AppError } from '@signalbox/errors';
import { depthMax, type Decoded, type Field, type MessageType, type Scalar } from './message.ts';

interface Reader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
}

const fieldsById = new WeakMap<MessageType, Map<number, readonly [string, Field<unknown>]>>();

/** Decodes a message; unknown fields are passed over. Throws `validation_failed` for bytes that are no such message. */
export function decodeProtobuf<Type extends MessageType>(type: Type, bytes: Buffer): Decoded<Type> {
  try {
    return decodeMessage(type, { bytes, at: 0, end: bytes.length }, 0) as Decoded<Type>;
  } catch (error) {
    // A read beyond the end.
    if (error instanceof RangeError) throw malformed();
    throw error;
  }
}

function decodeMessage(type: MessageType, reader: Reader, depth: number): Record<string, unknown> {
  if (depth > depthMax) throw malformed();
  const decoded: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(type)) if (field.repeated) decoded[name] = [];
  const fields = fieldsOf(type);
  while (reader.at < reader.end) {
    const tag = readVarint(reader);
    const wire = tag % 8;
    const found = fields.get(Math.floor(tag / 8));
    if (found === undefined) {
      skip(reader, wire);
      continue;
    }
    const [name, field] = found;
    if (typeof field.type === 'function') {
      if (wire !== 2) throw malformed();
      const value = decodeMessage(field.type(), readLimited(reader), depth + 1);
      if (field.repeated) (decoded[name] as unknown[]).push(value);
      // A second piece of the same message belongs to the first.
      else decoded[name] = Object.assign((decoded[name] as object | undefined) ?? {}, value);
    } else if (field.repeated) {
      readScalars(reader, field.type, wire, decoded[name] as unknown[]);
    } else {
      if (wire !== wireOf(field.type)) throw malformed();
      decoded[name] = readScalar(reader, field.type);
    }
  }
  if (reader.at !== reader.end) throw malformed();
  return decoded;
}

function fieldsOf(type: MessageType): Map<number, readonly [string, Field<unknown>]> {
  const known = fieldsById.get(type);
  if (known !== undefined) return known;
  const fields = new Map(Object.entries(type).map(([name, field]) => [field.id, [name, field] as const]));
  fieldsById.set(type, fields);
  return fields;
}

/** Numbers of one field may stand together behind one length, or each behind its tag. */
function readScalars(reader: Reader, type: Scalar, wire: number, values: unknown[]): void {
  if (wire === 2 && wireOf(type) !== 2) {
    const packed = readLimited(reader);
    while (packed.at < packed.end) values.push(readScalar(packed, type));
    if (packed.at !== packed.end) throw malformed();
  } else {
    if (wire !== wireOf(type)) throw malformed();
    values.push(readScalar(reader, type));
  }
}

function wireOf(type: Scalar): number {
  switch (type) {
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return 1;
    case 'bytes':
    case 'string':
      return 2;
    case 'fixed32':
      return 5;
    case 'bool':
    case 'int32':
    case 'int64':
    case 'sint32':
    case 'uint32':
    case 'uint64':
      return 0;
  }
}

function readScalar(reader: Reader, type: Scalar): unknown {
  switch (type) {
    case 'double':
      return reader.bytes.readDoubleLE(advance(reader, 8));
    case 'fixed64': {
      const at = advance(reader, 8);
      return reader.bytes.readUInt32LE(at) + reader.bytes.readUInt32LE(at + 4) * 2 ** 32;
    }
    case 'sfixed64':
      return Number(reader.bytes.readBigInt64LE(advance(reader, 8)));
    case 'fixed32':
      return reader.bytes.readUInt32LE(advance(reader, 4));
    case 'bytes': {
      const { at, end } = readLimited(reader);
      return reader.bytes.subarray(at, end);
    }
    case 'string': {
      const { at, end } = readLimited(reader);
      const text = reader.bytes.toString('utf8', at, end);
      // No column of text can hold it.
      return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
    }
    case 'bool':
      return readVarint(reader) !== 0;
    case 'uint32':
    case 'uint64':
      return readVarint(reader);
    case 'int32':
    case 'int64':
      return readSigned(reader);
    case 'sint32': {
      const value = readVarint(reader);
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
  }
}

function advance(reader: Reader, bytes: number): number {
  const { at } = reader;
  if (at + bytes > reader.end) throw malformed();
  reader.at = at + bytes;
  return at;
}

function readLimited(reader: Reader): Reader {
  const length = readVarint(reader);
  const at = advance(reader, length);
  return { bytes: reader.bytes, at, end: at + length };
}

function readVarint(reader: Reader): number {
  let value = 0;
  for (let scale = 1, count = 0; count < 10; count += 1, scale *= 128) {
    const byte = reader.bytes.readUInt8(advance(reader, 1));
    value += (byte % 128) * scale;
    if (byte < 128) return value;
  }
  throw malformed();
}

/** Two's complement in ten bytes, where it is negative. */
function readSigned(reader: Reader): number {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.bytes.readUInt8(advance(reader, 1));
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return Number(BigInt.asIntN(64, value));
  }
  throw malformed();
}

function skip(reader: Reader, wire: number): void {
  if (wire === 0) readVarint(reader);
  else if (wire === 1) advance(reader, 8);
  else if (wire === 2) readLimited(reader);
  else if (wire === 5) advance(reader, 4);
  else throw malformed();
}

function malformed(): AppError {
  return new AppError('validation_failed', undefined, {
    fields: [{ path: '', message: 'Expected the protobuf message of this path.' }],
  });
}
