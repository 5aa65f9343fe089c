import type { SampleFilter } from './sample-filter.ts';
import type { Span } from './step.ts';

/** From what a query says, and what it leaves out. */
export function spanOf(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  now: Date,
  lengthMs: number,
): Span {
  const end = to === undefined ? now.getTime() : Date.parse(to);
  return { from: from === undefined ? end - lengthMs : Date.parse(from), to: end };
}

/** The filter that a query names. */
export function filterOf(
  tenantId: string,
  query: {
    model_id?: string | undefined;
    model_version?: string | undefined;
    environment?: string | undefined;
    tag?: string | undefined;
  },
): SampleFilter {
  const { tag } = query;
  const colon = tag?.indexOf(':') ?? -1;
  return {
    tenantId,
    modelId: query.model_id,
    modelVersion: query.model_version,
    environment: query.environment,
    tag: tag === undefined ? undefined : { name: tag.slice(0, colon), value: tag.slice(colon + 1) },
  };
}
