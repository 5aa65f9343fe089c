import type { DocumentClassification, DocumentExtraction, DocumentStatus } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { PageSpan } from '../sources/source.ts';

/** Why a document could not be read, in words for whoever uploaded it. */
export interface DocumentError {
  code: string;
  message: string;
}

export interface StoredDocument {
  id: string;
  name: string;
  contentType: string;
  bytes: number;
  sha256: string;
  storageKey: string;
  status: DocumentStatus;
  error: DocumentError | null;
  title: string | null;
  language: string | null;
  publishedAt: string | null;
  textSha256: string | null;
  /** The model that read the text off an image; null: it stands in the file. */
  textBy: string | null;
  characters: number | null;
  pages: PageSpan[] | null;
  classification: DocumentClassification | null;
  extraction: DocumentExtraction | null;
  createdBy: string;
  createdAt: Date;
  processedAt: Date | null;
}

/** What was read from a document. */
export interface ReadDocument {
  title: string;
  text: string;
  textSha256: string;
  pages: PageSpan[];
  language: string | null;
  publishedAt: string | null;
  textBy: string | null;
  classification: DocumentClassification;
  extraction: DocumentExtraction;
}

/** Another tenant's document is as absent as one that never was. */
export function noDocument(): AppError {
  return new AppError('not_found', 'There is no such document.');
}
