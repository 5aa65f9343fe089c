import { openVolume } from './open-volume.ts';
import type { Storage } from './storage.ts';

/** Where blobs are kept. */
export type StorageSettings = { kind: 'volume'; folder: string };

export function openStorage(settings: StorageSettings): Storage {
  return openVolume(settings);
}
