import { z } from 'zod';

/** The query of every list: keyset pages, so that a walk sees each row once while rows are added. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('Rows per page, 1–100.'),
  cursor: z
    .string()
    .max(512)
    .optional()
    .describe('Where to go on: `next_cursor` or `prev_cursor` of an earlier answer.'),
});
export type PageQuery = z.infer<typeof PageQuery>;

export const PageInfo = z
  .object({
    limit: z.number().int(),
    has_next: z.boolean(),
    has_prev: z.boolean(),
    next_cursor: z.string().nullable(),
    prev_cursor: z.string().nullable(),
  })
  .meta({ id: 'PageInfo' });
export type PageInfo = z.infer<typeof PageInfo>;

/** The answer of every list. */
export function pageOf<Row extends z.ZodType>(row: Row) {
  return z.object({ data: z.array(row), page_info: PageInfo });
}
