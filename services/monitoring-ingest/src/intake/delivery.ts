import { hash } from 'node:crypto';
import type { DriftRow, PointRow, SampleRow, SpanRow } from './rows.ts';

/** What is remembered of a delivery for those who repeat it: plain JSON. */
export type Remembered = Readonly<Record<string, unknown>>;

/** The key under which a delivery is one with its repeats, and what its body was: both digests. */
export interface BatchKey {
  key: string;
  bodyHash: string;
}

/** What one request (or message) brings: all of it is stored in one transaction, or none. */
export interface Delivery {
  tenantId: string;
  samples: readonly SampleRow[];
  points: readonly PointRow[];
  spans: readonly SpanRow[];
  drifts: readonly DriftRow[];
  /** Null: it may come again, and only its samples are one with their repeats. */
  batch: BatchKey | null;
  /** What a repeat under the same key gets. */
  remember: (stored: Stored) => Remembered;
  /** What it weighs while it waits. */
  bytes: number;
}

export interface Stored {
  kind: 'stored';
  /** Indexes of samples that were there before. */
  duplicates: readonly number[];
  /** Indexes of rows that the database refused, by table; they are not stored and all others are. */
  refused: Readonly<Record<'samples' | 'points' | 'spans', readonly number[]>>;
}

export type Receipt =
  | Stored
  /** The key has been used for the same body; this is what was remembered. */
  | { kind: 'repeated'; remembered: Remembered }
  /** The key has been used for another body. */
  | { kind: 'other_body' };

const nothingRemembered = (): Remembered => ({});

/** A delivery without rows, to be filled. */
export function delivery(tenantId: string, parts: Partial<Omit<Delivery, 'tenantId'>>): Delivery {
  return {
    tenantId,
    samples: [],
    points: [],
    spans: [],
    drifts: [],
    batch: null,
    remember: nothingRemembered,
    bytes: 256,
    ...parts,
  };
}

export function rowsOf({ samples, points, spans, drifts }: Delivery): number {
  return samples.length + points.length + spans.length + drifts.length;
}

/** The models that are measured, each with its type. */
export function modelsOf({ samples }: Delivery): Map<string, string> {
  const models = new Map<string, string>();
  for (const { modelId, modelType } of samples) if (!models.has(modelId)) models.set(modelId, modelType);
  return models;
}

/** What makes a sample one: 128 bits of a digest that no two samples of a tenant, or of two, will share. */
export function sampleKey(tenantId: string, { modelId, requestId }: Pick<SampleRow, 'modelId' | 'requestId'>): string {
  // None of the three can hold a NUL.
  return digest(`${tenantId}\0${modelId}\0${requestId}`);
}

/** `use` keeps the keys of one route apart from those of another. */
export function batchKey(use: string, key: string, body: Buffer): BatchKey {
  return { key: digest(`${use}\0${key}`), bodyHash: digest(body) };
}

/** For protocols whose writers repeat the same bytes: the body is its own key. */
export function bodyKey(use: string, body: Buffer): BatchKey {
  const bodyHash = digest(body);
  return { key: digest(`${use}\0${bodyHash}`), bodyHash };
}

function digest(value: string | Buffer): string {
  return hash('sha256', value, 'hex').slice(0, 32);
}
