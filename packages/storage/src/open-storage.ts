import { openS3, type S3Settings } from './open-s3.ts';
import { openVolume } from './open-volume.ts';
import type { Storage } from './storage.ts';

/** Where blobs are kept. */
export type StorageSettings = { kind: 'volume'; folder: string } | ({ kind: 's3' } & S3Settings);

export function openStorage(settings: StorageSettings): Storage {
  switch (settings.kind) {
    case 'volume':
      return openVolume(settings);
    case 's3':
      return openS3(settings);
  }
}
