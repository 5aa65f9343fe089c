import { setImmediate as others } from 'node:timers/promises';
import type { ResearchModel } from '../model/research-model.ts';
import type { Source } from '../sources/source.ts';
import type { Analysis, Finding } from './analysis.ts';
import { assessSources } from './assess-sources.ts';
import { findEntities } from './find-entities.ts';
import { findQuestions } from './find-questions.ts';
import { findRelations } from './find-relations.ts';
import { findTimeline } from './find-timeline.ts';
import { findTopics } from './find-topics.ts';
import { readText, type ReadText } from './read-text.ts';
import { analyseWithModel } from './analyse-with-model.ts';
import { summarise } from './summarise.ts';

export interface AnalyseInput {
  topic: string;
  questions: readonly string[];
  sources: readonly Source[];
  /** Null: what rules cannot find is absent. */
  model: ResearchModel | null;
  idempotencyKey: string;
  signal: AbortSignal;
}

const noModel = 'Nobody but a model can tell, and none was configured.';

/**
 * What the sources have in common, each item with the places that it comes from. Rules find the summary, names, topics, dates,
 * what is named together, the questions that the sources ask, and what is plain about each source. A model, if there is one,
 * adds what only reading can tell, and of that only what stands in the sources word for word.
 */
export async function analyse({
  topic,
  questions,
  sources,
  model,
  idempotencyKey,
  signal,
}: AnalyseInput): Promise<Analysis> {
  const texts: ReadText[] = [];
  // Many sources are much to read: between two of them others have their turn.
  for (const source of sources) {
    await others(undefined, { signal });
    texts.push(readText(source));
  }
  const entities = findEntities(texts);
  await others(undefined, { signal });
  const byRules: Analysis = {
    summary: await summarise([topic, ...questions].join(' '), texts),
    entities: found('capitals, endings and forms that names, dates and amounts have', entities, 'No names were found.'),
    topics: found(
      'words that stand together, by how often and in how many sources',
      await findTopics(texts),
      'No topic recurs.',
    ),
    timeline: found('dates as they are written', findTimeline(texts), 'The sources give no dates.'),
    relations: found(
      'names that stand in one sentence',
      findRelations(texts, entities),
      'No two names recur together.',
    ),
    sentiment: { status: 'absent', reason: noModel },
    relatedQuestions: found(
      'questions that the sources themselves ask',
      findQuestions(topic, texts),
      'The sources ask no questions.',
    ),
    credibility: found(
      'facts about each source, and sentences that sources share',
      assessSources(texts),
      'There are no sources.',
    ),
  };
  return model === null ? byRules : analyseWithModel({ byRules, topic, texts, model, idempotencyKey, signal });
}

function found<Item>(method: string, items: Item[], reason: string): Finding<Item[]> {
  return items.length === 0 ? { status: 'absent', reason } : { status: 'present', method, items };
}
