import { remoteWrite } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { mountBytesRoute, type Routes } from '@signalbox/http';
import { bodyKey, delivery, type Receipt } from '../intake/delivery.ts';
import type { Intake } from '../intake/group-commit.ts';
import type { TimeWindow } from '../intake/time-window.ts';
import { decodeProtobuf } from '../protobuf/decode-protobuf.ts';
import { decompressSnappy } from './decompress-snappy.ts';
import { pointsOfWrite, writeRequest } from './points-of-write.ts';

export interface RemoteWriteRouteDeps {
  intake: Intake;
  now: () => number;
  windowAt: (nowMs: number) => TimeWindow;
}

const rowsMax = 50_000;

export function mountRemoteWriteRoute(routes: Routes, { intake, now, windowAt }: RemoteWriteRouteDeps): void {
  mountBytesRoute(
    routes,
    remoteWrite,
    async ({ principal: { tenantId }, bodyBytes }) => {
      const { points, rejected, message } = pointsOfWrite(decodeProtobuf(writeRequest, bodyBytes), windowAt(now()));
      if (points.length > rowsMax)
        throw new AppError('payload_too_large', `A request may hold ${rowsMax.toLocaleString('en')} samples at most.`);
      let refused = 0;
      if (points.length > 0) {
        // A writer repeats the same bytes until it hears of success.
        const batch = bodyKey('remote_write', bodyBytes);
        const bytes = bodyBytes.length;
        refused = refusedOf(await intake.deliver(delivery(tenantId, { points, batch, bytes, remember })));
      }
      if (rejected + refused === 0) return null;
      // What could be stored is; a writer must not repeat what is answered like this, and does not.
      throw new AppError(
        'validation_failed',
        `${String(rejected + refused)} samples were rejected, all others stored.`,
        {
          fields: [{ path: 'timeseries', message: message ?? 'Expected samples that can be stored.' }],
        },
      );
    },
    {
      decoders: { snappy: (bytes, bytesMax) => Promise.resolve().then(() => decompressSnappy(bytes, bytesMax)) },
      admit: (bytes) => {
        intake.assertRoom(bytes);
      },
    },
  );
}

const remember = (receipt: Receipt): { refused: number } => ({ refused: refusedOf(receipt) });

function refusedOf(receipt: Receipt): number {
  switch (receipt.kind) {
    case 'stored':
      return receipt.refused.points.length;
    case 'repeated':
      return Number(receipt.remembered['refused'] ?? 0);
    case 'other_body':
      throw new TypeError('a body is its own key');
  }
}
