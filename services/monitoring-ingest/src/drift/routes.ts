import { compareDrift, DriftComparisonRequest, listDriftMethods } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { fieldErrorsOf, mountBytesRoute, mountRoute, parseJson, type Routes } from '@signalbox/http';
import { isUtf8 } from 'node:buffer';
import { compareSamples } from './comparison/compare-samples.ts';
import { listMethods } from './comparison/methods.ts';
import { inSlices } from './in-slices.ts';

/** Two samples of a million values each, or of a hundred thousand categories. */
const limits = { depthMax: 8, keysMax: 250_000, valuesMax: 4_000_100, takesProto: true };

export function mountComparisonRoutes(routes: Routes): void {
  mountBytesRoute(routes, compareDrift, async ({ bodyBytes, signal }) =>
    inSlices(compareSamples(readRequest(bodyBytes)), { signal }),
  );

  mountRoute(routes, listDriftMethods, () => ({ data: listMethods() }));
}

/** Larger than other bodies, and a category may be called `__proto__`: what is read goes into a Map. */
function readRequest(bytes: Buffer): DriftComparisonRequest {
  if (!isUtf8(bytes)) throw new AppError('validation_failed', undefined, { fields: [expectedUtf8] });
  const request = DriftComparisonRequest.safeParse(parseJson(bytes, limits));
  if (request.success) return request.data;
  throw new AppError('validation_failed', undefined, { fields: fieldErrorsOf(request.error) });
}

const expectedUtf8 = { path: '', message: 'Expected UTF-8.' };
