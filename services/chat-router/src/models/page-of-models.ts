import type { VendorModelsQuery } from '@signalbox/contracts';

const limitByDefault = 20;

export interface PageOfModels {
  ids: readonly string[];
  /** Whether there are more in the direction in which it was asked. */
  hasMore: boolean;
}

/** A page of a list as Anthropic's API pages: `after_id` goes on, `before_id` goes back; an id that is not there finds none. */
export function pageOfModels(
  ids: readonly string[],
  { limit = limitByDefault, after_id: after, before_id: before }: VendorModelsQuery,
): PageOfModels {
  if (before !== undefined) {
    const earlier = ids.slice(0, Math.max(0, ids.indexOf(before)));
    return { ids: earlier.slice(-limit), hasMore: earlier.length > limit };
  }
  const from = after === undefined ? 0 : ids.includes(after) ? ids.indexOf(after) + 1 : ids.length;
  return { ids: ids.slice(from, from + limit), hasMore: ids.length > from + limit };
}
