import type { ResearchModel } from '../model/research-model.ts';
import { composeSection } from './compose-section.ts';
import { quoteSection, type QuoteSectionInput } from './quote-section.ts';
import type { Section } from './section.ts';

export interface WriteSectionInput extends Omit<QuoteSectionInput, 'sentencesMax'> {
  /** Null: the section is made of quotations. */
  model: ResearchModel | null;
  /** Default 6. */
  sentencesMax?: number;
  /** Two-letter code of the language to write in; a quotation stays in its own. Null: that of the question. */
  language: string | null;
  idempotencyKey: string;
  signal: AbortSignal;
}

/**
 * Writes one section from what was found for it. Without a model every sentence is a quotation; with one every sentence
 * carries a verdict. Without evidence nobody is asked, and the section is empty.
 */
export async function writeSection(input: WriteSectionInput): Promise<Section> {
  const { heading, question, evidence, model, sentencesMax = 6 } = input;
  if (evidence.length === 0) return { heading, question, sentences: [], droppedCitations: 0, droppedLinks: 0 };
  if (model === null) return quoteSection({ ...input, sentencesMax });
  return composeSection({ ...input, model, sentencesMax });
}
