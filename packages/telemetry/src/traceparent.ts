import { randomFillSync } from 'node:crypto';

/** One place in a distributed trace, as W3C Trace Context passes it on: 32 and 16 lower-case hexadecimal digits, never all zero. */
export interface Traceparent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

const shape = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const noTrace = '0'.repeat(32);
const noSpan = '0'.repeat(16);

/**
 * Reads a `traceparent` header by the rules of W3C Trace Context. `null` means: start a new trace. A version above 00 is
 * read as if it were 00, whatever follows its flags; version ff and all-zero ids are invalid.
 */
export function parseTraceparent(header: string | undefined): Traceparent | null {
  const [, version, traceId, spanId, flags, more] = shape.exec(header ?? '') ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return null;
  if (version === 'ff' || (version === '00' && more !== undefined)) return null;
  if (traceId === noTrace || spanId === noSpan) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The start of a new trace. */
export function newTraceparent(sampled = true): Traceparent {
  return { traceId: randomHex(16), spanId: randomHex(8), sampled };
}

/** A new span under `parent`: the same trace, the same decision on sampling, its own span id. */
export function childTraceparent(parent: Traceparent): Traceparent {
  return { traceId: parent.traceId, spanId: randomHex(8), sampled: parent.sampled };
}

export function formatTraceparent({ traceId, spanId, sampled }: Traceparent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

// Asking for random bytes costs more than everything else that is done with a request's ids: ask for many at once.
const random = Buffer.alloc(4_096);
let unused = 0;

function randomHex(bytes: number): string {
  for (;;) {
    if (unused < bytes) {
      randomFillSync(random);
      unused = random.length;
    }
    unused -= bytes;
    const hex = random.toString('hex', unused, unused + bytes);
    if (!/^0+$/.test(hex)) return hex;
  }
}
