/** One page of a list, as every list of the mesh answers. */
export interface Page<Row> {
  data: Row[];
  page_info: { limit: number; has_next: boolean; next_cursor: string | null };
}

/** Every row of a list, page by page as they are asked for; each row that stands through the walk comes once. */
export async function* eachRow<Row>(
  listFrom: (cursor: { cursor?: string }) => Promise<Page<Row>>,
): AsyncGenerator<Row, void, undefined> {
  let cursor: { cursor?: string } = {};
  for (;;) {
    const { data, page_info: page } = await listFrom(cursor);
    yield* data;
    if (!page.has_next || page.next_cursor === null) return;
    cursor = { cursor: page.next_cursor };
  }
}
