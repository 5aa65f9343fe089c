/** How one value of a field is written. 64-bit integers become doubles, which is exact enough for times and counts. */
export type Scalar =
  | 'bool'
  | 'bytes'
  | 'double'
  | 'fixed32'
  | 'fixed64'
  | 'int32'
  | 'int64'
  | 'sfixed64'
  | 'sint32'
  | 'string'
  | 'uint32'
  | 'uint64';

/** A field of a message: its number, and what it holds. `Value` is what decoding makes of it. */
export interface Field<Value> {
  readonly id: number;
  readonly type: Scalar | (() => MessageType);
  readonly repeated: boolean;
  /** In JSON these bytes are written in hexadecimal digits; other bytes in base64. */
  readonly hex: boolean;
  /** For the type alone; there is never a value. */
  readonly value?: Value;
}

/** The fields of a message by their names in JSON: one table for both encodings. */
export type MessageType = Readonly<Record<string, Field<unknown>>>;

/** What decoding makes of a message: what was not there is undefined, or an empty list. */
export type Decoded<Type extends MessageType> = {
  readonly [Name in keyof Type]: Type[Name] extends Field<infer Value> ? Value : never;
};

interface Values {
  bool: boolean;
  bytes: Buffer;
  string: string;
}
type ValueOf<Type extends Scalar> = Type extends keyof Values ? Values[Type] : number;

export function scalar<Type extends Scalar>(id: number, type: Type): Field<ValueOf<Type> | undefined> {
  return { id, type, repeated: false, hex: false };
}

/** The identifier of a trace or a span. */
export function hexBytes(id: number): Field<Buffer | undefined> {
  return { id, type: 'bytes', repeated: false, hex: true };
}

export function scalars<Type extends Scalar>(id: number, type: Type): Field<readonly ValueOf<Type>[]> {
  return { id, type, repeated: true, hex: false };
}

export function message<Type extends MessageType>(id: number, type: Type): Field<Decoded<Type> | undefined> {
  return { id, type: () => type, repeated: false, hex: false };
}

export function messages<Type extends MessageType>(id: number, type: Type): Field<readonly Decoded<Type>[]> {
  return { id, type: () => type, repeated: true, hex: false };
}

/** A message that holds itself: `Value` says what TypeScript cannot work out. */
export function recursive<Value>(id: number, type: () => MessageType): Field<Value | undefined> {
  return { id, type, repeated: false, hex: false };
}

export function recursives<Value>(id: number, type: () => MessageType): Field<readonly Value[]> {
  return { id, type, repeated: true, hex: false };
}

/** What nests deeper is nobody's telemetry. */
export const depthMax = 32;
