import type { Chunk } from '../chunks/chunk.ts';
import type { Source } from '../sources/source.ts';

/** A place in the text of source `n`, in UTF-16 code units, and the hash of the text that it is a place in. */
export interface Citation {
  n: number;
  sourceSha256: string;
  start: number;
  end: number;
}

/**
 * What is known of a sentence: it stands in a source word for word; a source says it in other words; no cited source says it;
 * or nobody here can tell.
 */
export type VerdictName = 'quoted' | 'supported' | 'unsupported' | 'cannot judge';

export interface Verdict {
  verdict: VerdictName;
  /** Why, in a plain sentence. */
  reason: string;
  /** What judged: `span` compares letter by letter, `lexical` words, numbers and names, `model` asked a model besides. */
  method: 'span' | 'lexical' | 'model';
}

export interface Sentence extends Verdict {
  text: string;
  citations: Citation[];
}

export interface Section {
  heading: string;
  question: string;
  sentences: Sentence[];
  /** Citations of passages that were never shown, which were left out. */
  droppedCitations: number;
  /** Addresses that the model wrote, which were left out: only sources are linked to. */
  droppedLinks: number;
}

/** A passage that was found for a question, and how well it fits. */
export interface RankedEvidence {
  source: Source;
  chunk: Chunk;
  score: number;
}
