import { AppError } from '@signalbox/errors';
import { nearDuplicates } from '../extract/near-duplicates.ts';
import { canonicalUrl } from '../search/canonical-url.ts';
import { searchAll } from '../search/search-all.ts';
import type { Hit, SearchOutcome, Source } from '../sources/source.ts';
import { BudgetExhausted, hashOf, type JobRun } from '../steps/job-run.ts';
import { inPool } from './pool.ts';
import { readSource, warningOf, type StoredSource } from './read-source.ts';
import type { ResearchTools } from './research-tools.ts';

export interface Gathered {
  sources: Source[];
  searches: SearchOutcome[];
}

const readAtOnce = 5;
/** From so much of a budget on, what is found is made something of, and nothing more is looked for. */
const searchShare = 0.8;

/** Searches for every question, in rounds, and reads what is found, until a round brings nothing new or the budget is near its end. */
export async function gatherSources(
  run: JobRun,
  tools: ResearchTools,
  questions: readonly string[],
): Promise<Gathered> {
  const { breadth = 4, depth = 1 } = run.job.request;
  const searches: SearchOutcome[] = [];
  const read: StoredSource[] = [];
  const seen = new Set<string>();
  await run.enter('search', questions.length);
  await run.enter('fetch', 0);
  const perRound = Math.max(1, depth === 1 ? questions.length : breadth);
  for (let first = 0; first < questions.length; first += perRound) {
    const round = questions.slice(first, first + perRound);
    const lists: Hit[][] = [];
    for (const question of round) {
      if (await isNearEnd(run, `search:${hashOf(question)}`)) break;
      const found = await searchFor(run, tools, question);
      run.done('search');
      searches.push(...found.outcomes);
      lists.push(found.hits);
    }
    const before = read.length;
    await readHits(run, tools, { hits: interleave(lists), seen, read });
    if (read.length === before || read.length >= run.job.budget.sources) break;
    if (await isNearEnd(run, `round:${String(first)}`)) break;
  }
  await tellUnread(run, tools);
  for (const { provider, status, reason } of searches.filter((one) => one.status !== 'ok'))
    run.warn({
      code: 'search_failed',
      message: `${provider} (${status}): ${reason ?? 'no reason given'}`,
      subject: provider,
    });
  await run.flush();
  return { sources: await numbered(run, tools, read), searches };
}

/** The search waits for documents that were uploaded a moment ago, but not for ever. */
async function tellUnread(run: JobRun, tools: ResearchTools): Promise<void> {
  if (!tools.providers.has('documents')) return;
  const { unread } = await run.step({ stage: 'mark', key: 'documents', input: null }, async () => ({
    output: { unread: await tools.countUnreadDocuments() },
  }));
  if (unread === 0) return;
  const message = `${String(unread)} documents had not been read yet, and are not in this report.`;
  run.warn({ code: 'documents_unread', message, subject: null });
}

/** Decided once: a worker that follows finds more spent, and must not find less than was found. */
async function isNearEnd(run: JobRun, key: string): Promise<boolean> {
  const { what } = await run.step({ stage: 'mark', key, input: null }, () =>
    Promise.resolve({ output: { what: run.usedUp(searchShare) } }),
  );
  if (what === null) return false;
  run.warn({ code: 'budget', message: `Searching stopped: 80 % of the budget of ${what} is used up.`, subject: what });
  return true;
}

async function searchFor(
  run: JobRun,
  tools: ResearchTools,
  question: string,
): Promise<{ hits: Hit[]; outcomes: SearchOutcome[] }> {
  const providers = [...tools.providers.values()];
  const limit = run.job.request.max_results ?? 10;
  const input = { question, limit, providers: providers.map(({ name }) => name) };
  return run.step({ stage: 'search', key: hashOf(question), input }, async () => {
    const found = await searchAll(providers, question, { limit, signal: run.signal });
    const outcomes = found.outcomes.map(({ provider, status, hits, reason }) => ({ provider, status, hits, reason }));
    return { output: found, events: [{ type: 'search', data: { question, outcomes } }] };
  });
}

/** The first of each list, then the second of each, and so on: no question has all the room. */
function interleave(lists: readonly Hit[][]): Hit[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, place) => lists.flatMap((list) => list[place] ?? [])).flat();
}

/** Reads hits in their order until the budget of sources is full: one that fails makes room for the next. */
async function readHits(
  run: JobRun,
  tools: ResearchTools,
  { hits, seen, read }: { hits: readonly Hit[]; seen: Set<string>; read: StoredSource[] },
): Promise<void> {
  const open = hits.filter((hit) => isNew(hit, seen));
  while (open.length > 0) {
    const room = run.job.budget.sources - read.length;
    if (room <= 0) return;
    const batch = open.splice(0, room);
    run.more('fetch', batch.length);
    const outcomes = await inPool(batch, readAtOnce, async (hit) => {
      const outcome = await readOrStop(run, tools, hit);
      run.done('fetch');
      return { hit, outcome };
    });
    for (const { hit, outcome } of outcomes) {
      if (outcome === null) continue;
      if (outcome.status === 'read') read.push(outcome.source);
      else run.warn(warningOf(hit, outcome));
    }
    if (outcomes.some(({ outcome }) => outcome === null)) return;
  }
}

/** Null: nothing more may be fetched. */
async function readOrStop(run: JobRun, tools: ResearchTools, hit: Hit) {
  try {
    return await readSource(run, tools, hit);
  } catch (thrown) {
    if (!(thrown instanceof BudgetExhausted)) throw thrown;
    run.warn({ code: 'budget', message: `Fetching stopped: ${thrown.message}`, subject: thrown.what });
    return null;
  }
}

function isNew({ documentId, url }: Hit, seen: Set<string>): boolean {
  const key = documentId ?? canonicalUrl(url ?? '');
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

/** Gives the sources their texts and numbers. Of those that say nearly the same the first one stands for all. */
async function numbered(run: JobRun, tools: ResearchTools, read: readonly StoredSource[]): Promise<Source[]> {
  const withText = await inPool(read, readAtOnce, async ({ textKey, ...source }) => {
    const bytes = await tools.storage.get(textKey, run.signal);
    if (bytes === null) throw new AppError('internal', 'The text of a source is not there any more.');
    return { ...source, text: bytes.toString('utf8') };
  });
  const groups = nearDuplicates(withText);
  for (const [first, ...others] of groups) {
    for (const other of others) {
      const subject = other.url ?? other.documentId ?? other.title;
      run.warn({ code: 'duplicate', message: `It says nearly the same as “${first?.title ?? ''}”.`, subject });
    }
  }
  return groups.flatMap(([first], index) => (first === undefined ? [] : [{ ...first, n: index + 1 }]));
}
