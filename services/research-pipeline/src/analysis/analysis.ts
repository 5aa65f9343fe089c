import type { Citation } from '../writing/section.ts';

/** Something that was found in the sources, and where. It is never without a place. */
export interface Located {
  citations: Citation[];
}

export const entityTypes = [
  'person',
  'organisation',
  'place',
  'product',
  'date',
  'amount of money',
  'percentage',
  'web address',
  'email address',
] as const;
export type EntityType = (typeof entityTypes)[number];

export interface Entity extends Located {
  name: string;
  /** Null: nothing in the text says what it is. */
  type: EntityType | null;
  mentions: number;
}

export interface Topic extends Located {
  name: string;
  /** Among the topics of this report; together 1. */
  weight: number;
}

export interface TimelineEntry extends Located {
  /** As much of the date as the text gives: `2024`, `2024-03` or `2024-03-12`. */
  date: string;
  /** The sentence that names the date, word for word. */
  text: string;
}

export interface Relation extends Located {
  from: string;
  to: string;
  /** What the sentence says of the two, in a model's words; null: they are named in one sentence, and more is not known. */
  predicate: string | null;
}

export interface Sentiment extends Located {
  label: 'positive' | 'neutral' | 'negative' | 'mixed';
  /** From −1 to 1. */
  score: number;
}

export interface RelatedQuestion extends Located {
  question: string;
}

/** What can be said of a source without taking anybody's word for it; there is no grade without a stated reason. */
export interface Credibility {
  n: number;
  signals: { name: string; value: string }[];
  /** Other sources of this report that have sentences in common with it, word for word or nearly so. */
  agreesWith: number[];
}

/** One part of the analysis: what was found and how, or why there is nothing. */
export type Finding<Items> = { status: 'present'; method: string; items: Items } | { status: 'absent'; reason: string };

export interface Analysis {
  summary: Finding<(Located & { text: string })[]>;
  entities: Finding<Entity[]>;
  topics: Finding<Topic[]>;
  timeline: Finding<TimelineEntry[]>;
  relations: Finding<Relation[]>;
  sentiment: Finding<Sentiment[]>;
  relatedQuestions: Finding<RelatedQuestion[]>;
  credibility: Finding<Credibility[]>;
}
