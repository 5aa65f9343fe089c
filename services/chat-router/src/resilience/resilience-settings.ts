import { z } from 'zod';

/** What is done when a provider fails or is slow, for all providers alike. */
export const ResilienceSettings = z.strictObject({
  deadline_ms: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(120_000)
    .describe(
      'From the request to its whole document, or to the first part of its stream, whatever is tried meanwhile.',
    ),
  retries_max: z
    .int()
    .min(0)
    .max(10)
    .default(2)
    .describe('How often a request goes round its candidates again after all of them failed.'),
  tool_loop_ms: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(300_000)
    .describe('How long a model and the tools that are executed for it may take together.'),
  backoff_first_ms: z.int().min(0).max(60_000).default(500).describe('The first wait is up to this; it doubles.'),
  backoff_max_ms: z.int().min(0).max(60_000).default(8_000),
  retry_budget_ratio: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Of the calls to a connection, so many more may be repeats, and 10 besides.'),
  hedge_after_ms: z
    .int()
    .min(1)
    .max(600_000)
    .nullable()
    .default(null)
    .describe('A stream without a first part after this is asked for once more, elsewhere if possible. Null: never.'),
  hedge_budget_ratio: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe('Of all streams, so many may be hedged, and 2 besides.'),
  exploration_ratio: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .describe('Of the streams under `speed_first`, so many go to another model than the fastest, to measure it again.'),
});
export type ResilienceSettings = z.infer<typeof ResilienceSettings>;
