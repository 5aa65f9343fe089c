import { AppError } from '@signalbox/errors';

/**
 * Decompresses snappy's block format: the length of the whole, then pieces that are either given or copied from what came
 * before. Throws `payload_too_large` before anything is made that is larger, and `validation_failed` for what is no snappy.
 */
export function decompressSnappy(input: Buffer, bytesMax: number): Buffer {
  const header = readLength(input);
  if (header === null) throw malformed();
  if (header.length > bytesMax)
    throw new AppError('payload_too_large', `The body may have ${String(bytesMax)} bytes at most.`, {
      details: { bytes_max: bytesMax },
    });
  const output = Buffer.allocUnsafe(header.length);
  let from = header.bytes;
  let to = 0;
  while (from < input.length) {
    const tag = input[from] ?? 0;
    const kind = tag & 3;
    const piece = kind === 0 ? readLiteral(input, from, tag) : readCopy(input, from, tag, kind);
    if (piece === null || to + piece.length > output.length) throw malformed();
    from = piece.next;
    if (piece.kind === 'literal') {
      input.copy(output, to, piece.next - piece.length, piece.next);
    } else {
      if (piece.offset === 0 || piece.offset > to) throw malformed();
      // A copy may reach into what it writes itself: that is how runs are written.
      if (piece.offset >= piece.length) output.copyWithin(to, to - piece.offset, to - piece.offset + piece.length);
      else for (let at = to; at < to + piece.length; at += 1) output[at] = output[at - piece.offset] ?? 0;
    }
    to += piece.length;
  }
  if (to !== output.length) throw malformed();
  return output;
}

type Piece =
  { kind: 'literal'; length: number; next: number } | { kind: 'copy'; length: number; offset: number; next: number };

/** The length stands in the tag, or in the one to four bytes behind it. */
function readLiteral(input: Buffer, at: number, tag: number): Piece | null {
  const code = tag >>> 2;
  const extra = code < 60 ? 0 : code - 59;
  if (at + 1 + extra > input.length) return null;
  const length = 1 + (extra === 0 ? code : input.readUIntLE(at + 1, extra));
  const next = at + 1 + extra + length;
  return next > input.length ? null : { kind: 'literal', length, next };
}

/** How far back it lies stands in eleven, sixteen or thirty-two bits. */
function readCopy(input: Buffer, at: number, tag: number, kind: number): Piece | null {
  const bytes = kind === 3 ? 4 : kind;
  const next = at + 1 + bytes;
  if (next > input.length) return null;
  if (kind === 1)
    return { kind: 'copy', length: 4 + ((tag >>> 2) & 7), offset: ((tag >>> 5) << 8) | (input[at + 1] ?? 0), next };
  return { kind: 'copy', length: 1 + (tag >>> 2), offset: input.readUIntLE(at + 1, bytes), next };
}

function readLength(input: Buffer): { length: number; bytes: number } | null {
  let length = 0;
  for (let bytes = 0, scale = 1; bytes < 5; bytes += 1, scale *= 128) {
    const byte = input[bytes];
    if (byte === undefined) return null;
    length += (byte % 128) * scale;
    if (byte < 128) return length > 0xffff_ffff ? null : { length, bytes: bytes + 1 };
  }
  return null;
}

function malformed(): AppError {
  return new AppError('validation_failed', undefined, {
    fields: [{ path: '', message: 'Expected a body in the block format of snappy.' }],
  });
}
