import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { currentTrace, outgoingTraceparent, runInRequest, traceOfIncoming } from './request-context.ts';
import { childTraceparent, formatTraceparent, newTraceparent, parseTraceparent } from './traceparent.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

describe('OD-11: W3C trace context', () => {
  it('reads what the recommendation gives as its example', () => {
    expect(parseTraceparent(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, sampled: true });
    expect(parseTraceparent(`00-${traceId}-${spanId}-00`)).toEqual({ traceId, spanId, sampled: false });
  });

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['version ff', `ff-${traceId}-${spanId}-01`],
    ['more than version 00 has', `00-${traceId}-${spanId}-01-what`],
    ['a short trace id', `00-${traceId.slice(1)}-${spanId}-01`],
    ['two headers joined', `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`],
    ['spaces around it', ` 00-${traceId}-${spanId}-01`],
    ['flags that are no number', `00-${traceId}-${spanId}-0g`],
  ])('starts anew on %s', (_name, header) => {
    expect(parseTraceparent(header)).toBeNull();
  });

  it('reads a later version as if it were 00, whatever follows', () => {
    expect(parseTraceparent(`01-${traceId}-${spanId}-01-what-comes`)).toEqual({ traceId, spanId, sampled: true });
    expect(parseTraceparent(`01-${traceId}-${spanId}-01what`)).toBeNull();
  });

  it('reads back what it writes, and a child stays in its trace', () => {
    fc.assert(
      fc.property(fc.boolean(), (sampled) => {
        const parent = newTraceparent(sampled);
        expect(parseTraceparent(formatTraceparent(parent))).toEqual(parent);
        const child = childTraceparent(parent);
        expect(child).toMatchObject({ traceId: parent.traceId, sampled });
        expect(child.spanId).not.toBe(parent.spanId);
      }),
    );
  });

  it('continues the trace of a caller, and passes it on to whom it calls', () => {
    const trace = traceOfIncoming(`00-${traceId}-${spanId}-01`);
    expect(trace.traceId).toBe(traceId);
    runInRequest({ requestId: 'req_1', ...trace }, () => {
      expect(currentTrace()).toEqual(trace);
      expect(outgoingTraceparent()).toBe(`00-${traceId}-${trace.spanId}-01`);
    });
    expect(currentTrace()).toBeUndefined();
    expect(traceOfIncoming('nonsense').traceId).toMatch(/^[0-9a-f]{32}$/);
  });
});
