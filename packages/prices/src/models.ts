import { anthropicModels } from './anthropic-models.ts';
import { googleModels } from './google-models.ts';
import type { ModelEntry } from './model-entry.ts';
import { openaiModels } from './openai-models.ts';
import { othersModels } from './others-models.ts';
import { xaiModels } from './xai-models.ts';

/**
 * The day up to which these facts were gathered, from the vendors' pages as public records of them stood that day. It names
 * the table in every row of the ledger. To change a price: add a period with the day from which it holds, and move this on.
 */
export const registryVersion = '2026-11-20';

export const models: readonly ModelEntry[] = [
  ...openaiModels,
  ...anthropicModels,
  ...googleModels,
  ...xaiModels,
  ...othersModels,
];
