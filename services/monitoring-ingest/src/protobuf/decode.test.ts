import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import fc from 'fast-check';
import { metricsRequest, tracesRequest } from '../otlp/messages.ts';
import { decodeJson } from './decode-json.ts';
import { decodeProtobuf } from './decode-protobuf.ts';
import { hexBytes, message, messages, scalar, scalars } from './message.ts';

const inner = { text: scalar(1, 'string'), list: scalars(2, 'double') };
const everything = {
  flag: scalar(1, 'bool'),
  bytes: scalar(2, 'bytes'),
  double: scalar(3, 'double'),
  small: scalar(4, 'fixed32'),
  big: scalar(5, 'fixed64'),
  signed: scalar(6, 'int64'),
  signedBig: scalar(7, 'sfixed64'),
  zigzag: scalar(8, 'sint32'),
  text: scalar(9, 'string'),
  unsigned: scalar(10, 'uint64'),
  counts: scalars(11, 'uint64'),
  one: message(12, inner),
  many: messages(13, inner),
  id: hexBytes(14),
};

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
const tag = (id: number, wire: number) => varint(BigInt(id * 8 + wire));
const limited = (id: number, bytes: Buffer) => Buffer.concat([tag(id, 2), varint(BigInt(bytes.length)), bytes]);
const double = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};
const long = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
};

describe('a protobuf message', () => {
  it('is read field by field, numbers of a list together or each alone, unknown fields passed over', () => {
    const bytes = Buffer.concat([
      ...[tag(1, 0), varint(1n)],
      limited(2, Buffer.from([0, 255])),
      ...[tag(3, 1), double(-1.5)],
      ...[tag(4, 5), Buffer.from([1, 0, 0, 128])],
      ...[tag(5, 1), long(2n ** 52n)],
      ...[tag(6, 0), varint(-7n)],
      ...[tag(7, 1), long(-(2n ** 40n))],
      ...[tag(8, 0), varint(5n)],
      limited(9, Buffer.from('a\0ü')),
      ...[tag(10, 0), varint(2n ** 50n)],
      ...[tag(99, 0), varint(1n), tag(98, 1), double(1), limited(97, Buffer.from('x')), tag(96, 5), Buffer.alloc(4)],
      limited(11, Buffer.concat([varint(1n), varint(300n)])),
      ...[tag(11, 0), varint(2n)],
      limited(12, limited(1, Buffer.from('first'))),
      limited(12, limited(2, Buffer.concat([double(1), double(2)]))),
      limited(13, Buffer.alloc(0)),
      limited(14, Buffer.from('0a0b', 'hex')),
    ]);
    expect(decodeProtobuf(everything, bytes)).toEqual({
      flag: true,
      bytes: Buffer.from([0, 255]),
      double: -1.5,
      small: 2 ** 31 + 1,
      big: 2 ** 52,
      signed: -7,
      signedBig: -(2 ** 40),
      zigzag: -3,
      text: 'a\ufffdü',
      unsigned: 2 ** 50,
      counts: [1, 300, 2],
      one: { text: 'first', list: [1, 2] },
      many: [{ list: [] }],
      id: Buffer.from([10, 11]),
    });
  });

  it('is refused, and nothing else happens, when it is none', () => {
    const refusesOrAnswers = (bytes: Buffer): void => {
      for (const type of [metricsRequest, tracesRequest, everything]) {
        try {
          decodeProtobuf(type, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => refusesOrAnswers(Buffer.from(bytes))));
    for (const bytes of [
      [0x0a, 0xff],
      [0x0b],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [0x08, 0x01],
    ])
      expect(() => decodeProtobuf(metricsRequest, Buffer.from(bytes))).toThrow(AppError);
  });

  it('nests no deeper than anybody needs', () => {
    // An array within an array within …: AnyValue { array_value: ArrayValue { values: [AnyValue …] } }
    let value = Buffer.alloc(0);
    for (let depth = 0; depth < 5_000; depth += 1) value = limited(5, limited(1, value));
    const attribute = Buffer.concat([limited(1, Buffer.from('k')), limited(2, value)]);
    const bytes = limited(1, limited(1, limited(1, attribute)));
    expect(() => decodeProtobuf(tracesRequest, bytes)).toThrow(AppError);
  });
});

describe('a message in JSON', () => {
  it('is read by the same table: numbers may be texts, null is nothing, ids are hexadecimal', () => {
    const value = {
      flag: true,
      bytes: 'AP8=',
      double: 'Infinity',
      big: '1763645037815000000',
      signed: -7,
      counts: ['1', 300],
      one: null,
      many: [{ text: 'x' }],
      id: '0A0b',
      unknown: { to: 'us' },
      toString: 'a member that every object has',
    };
    const { one, ...decoded } = decodeJson(everything, value);
    expect(one).toBeUndefined();
    expect(decoded).toEqual({
      flag: true,
      bytes: Buffer.from([0, 255]),
      double: Infinity,
      big: 1_763_645_037_815_000_000,
      signed: -7,
      counts: [1, 300],
      many: [{ text: 'x', list: [] }],
      id: Buffer.from([10, 11]),
    });
  });

  it.each([
    ['flag', { flag: 1 }],
    ['double', { double: 'many' }],
    ['signed', { signed: 1.5 }],
    ['text', { text: 1 }],
    ['id', { id: 'xyz' }],
    ['bytes', { bytes: 'a b' }],
    ['many.0', { many: ['x'] }],
    ['many.1.text', { many: [{}, { text: [] }] }],
    ['counts', { counts: 1 }],
    ['', 'text'],
  ])('names %s when that does not fit', (path, value) => {
    let thrown: unknown;
    try {
      decodeJson(everything, value);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AppError);
    expect((thrown as AppError).fields.map((field) => field.path)).toEqual([path]);
  });

  it('is refused, and nothing else happens, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        try {
          decodeJson(metricsRequest, { resourceMetrics: value });
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});
