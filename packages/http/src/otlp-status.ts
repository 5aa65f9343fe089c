/** What OTLP/HTTP answers when it refuses: `google.rpc.Status`. */
export interface OtlpStatus {
  code: number;
  message: string;
}

const codes: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  408: 4,
  413: 8,
  415: 3,
  429: 8,
  500: 13,
  503: 14,
  504: 4,
};
const unknown = 2;

/** The code of gRPC that says what a status of HTTP says. */
export function grpcCodeOf(httpStatus: number): number {
  return codes[httpStatus] ?? unknown;
}

/** The message in protobuf: field 1 is a varint, field 2 a string. */
export function encodeStatus({ code, message }: OtlpStatus): Buffer {
  const text = Buffer.from(message);
  return Buffer.concat([Buffer.from([0x08, code, 0x12]), varint(text.length), text]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
