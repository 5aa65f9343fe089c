export { openStorage, type StorageSettings } from './open-storage.ts';
export { keyOf, type BlobOwner, type BlobUse, type Storage } from './storage.ts';
