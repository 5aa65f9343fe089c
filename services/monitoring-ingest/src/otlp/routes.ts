import { exportMetrics, exportTraces } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { BytesReply, mediaTypeOf, mountBytesRoute, parseJson, type BytesOptions, type Routes } from '@signalbox/http';
import { bodyKey, delivery, type Delivery, type Receipt } from '../intake/delivery.ts';
import type { Intake } from '../intake/group-commit.ts';
import type { TimeWindow } from '../intake/time-window.ts';
import { decodeJson } from '../protobuf/decode-json.ts';
import { decodeProtobuf } from '../protobuf/decode-protobuf.ts';
import type { Decoded, MessageType } from '../protobuf/message.ts';
import { encodePartialSuccess } from './encode-partial-success.ts';
import { metricsRequest, tracesRequest } from './messages.ts';
import { pointsOfMetrics } from './points-of-metrics.ts';
import { createPriceCall } from './price-call.ts';
import { spansOfTraces } from './spans-of-traces.ts';

export interface OtlpRouteDeps {
  intake: Intake;
  now: () => number;
  windowAt: (nowMs: number) => TimeWindow;
}

/** What was rejected, in the end: by us, and by the database. */
interface Rejections {
  rejected: number;
  message: string;
}

const protobuf = 'application/x-protobuf';
const jsonLimits = { depthMax: 64, keysMax: 2_000_000, valuesMax: 2_000_000 };
/** More than any exporter sends at once; what is larger is to be split by the sender. */
const rowsMax = 50_000;

export function mountOtlpRoutes(routes: Routes, { intake, now, windowAt }: OtlpRouteDeps): void {
  const priceCall = createPriceCall();
  const options: BytesOptions = {
    admit: (bytes) => {
      intake.assertRoom(bytes);
    },
  };

  mountBytesRoute(
    routes,
    exportMetrics,
    async ({ principal: { tenantId }, bodyBytes, request }) => {
      const read = pointsOfMetrics(decode(metricsRequest, mediaTypeOf(request), bodyBytes), windowAt(now()));
      const { points } = read;
      const rejections = await store('otlp.metrics', { tenantId, bodyBytes, ...read }, { points });
      const { rejected, message } = rejections;
      if (mediaTypeOf(request) === protobuf) return protobufAnswer(rejections);
      return rejected === 0 ? {} : { partialSuccess: { rejectedDataPoints: String(rejected), errorMessage: message } };
    },
    options,
  );

  mountBytesRoute(
    routes,
    exportTraces,
    async ({ principal: { tenantId }, bodyBytes, request }) => {
      const document = decode(tracesRequest, mediaTypeOf(request), bodyBytes);
      const read = spansOfTraces(document, windowAt(now()), priceCall);
      const { spans, samples } = read;
      const rejections = await store('otlp.traces', { tenantId, bodyBytes, ...read }, { spans, samples });
      const { rejected, message } = rejections;
      if (mediaTypeOf(request) === protobuf) return protobufAnswer(rejections);
      return rejected === 0 ? {} : { partialSuccess: { rejectedSpans: String(rejected), errorMessage: message } };
    },
    options,
  );

  /** Exporters repeat the same bytes until they hear of success, so that the body is its own key. */
  async function store(
    use: string,
    { tenantId, bodyBytes, rejected, message }: Omit<Rejections, 'message'> & StoreRequest,
    rows: Partial<Pick<Delivery, 'points' | 'spans' | 'samples'>>,
  ): Promise<Rejections> {
    const count = (rows.points?.length ?? 0) + (rows.spans?.length ?? 0);
    if (count > rowsMax)
      throw new AppError('payload_too_large', `A request may hold ${rowsMax.toLocaleString('en')} at most.`);
    const total = (receipt: Receipt): Rejections => {
      switch (receipt.kind) {
        case 'stored': {
          const refused = receipt.refused.points.length + receipt.refused.spans.length;
          return {
            rejected: rejected + refused,
            message: message ?? (refused > 0 ? 'Expected what can be stored.' : ''),
          };
        }
        case 'repeated':
          return receipt.remembered as typeof receipt.remembered & Rejections;
        case 'other_body':
          throw new TypeError('a body is its own key');
      }
    };
    if (count === 0) return { rejected, message: message ?? '' };
    const batch = bodyKey(use, bodyBytes);
    const remember: Delivery['remember'] = (stored) => ({ ...total(stored) });
    return total(await intake.deliver(delivery(tenantId, { ...rows, batch, remember, bytes: bodyBytes.length })));
  }
}

interface StoreRequest {
  tenantId: string;
  bodyBytes: Buffer;
  message: string | null;
}

function decode<Type extends MessageType>(type: Type, mediaType: string, bytes: Buffer): Decoded<Type> {
  return mediaType === protobuf ? decodeProtobuf(type, bytes) : decodeJson(type, parseJson(bytes, jsonLimits));
}

function protobufAnswer({ rejected, message }: Rejections): BytesReply {
  return new BytesReply(encodePartialSuccess(rejected, message), protobuf);
}
