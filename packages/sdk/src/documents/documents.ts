import type { Caller, CallOptions } from '../calls/caller.ts';
import { eachRow } from '../calls/each-row.ts';
import type { Answer, Query } from '../calls/operations.ts';
import { readBytes } from '../streams/read-bytes.ts';
import { encodeForm, type FileToUpload } from './encode-form.ts';

export interface Documents {
  upload(file: FileToUpload, options?: CallOptions): Promise<Answer<'uploadDocument'>>;
  list(query?: Query<'listDocuments'>, options?: CallOptions): Promise<Answer<'listDocuments'>>;
  each(options?: CallOptions): AsyncGenerator<Answer<'getDocument'>, void, undefined>;
  get(id: string, options?: CallOptions): Promise<Answer<'getDocument'>>;
  /** The stored file, as it comes; leaving the loop ends the download. */
  download(id: string, options?: CallOptions): AsyncGenerator<Uint8Array, void, undefined>;
  delete(id: string, options?: CallOptions): Promise<null>;
}

export function openDocuments(caller: Caller): Documents {
  const list: Documents['list'] = (query = {}, options) => caller.call('listDocuments', { query }, options);
  return {
    async upload(file, options) {
      return caller.callWithBody('uploadDocument', { body: await encodeForm('file', file) }, options);
    },
    list,
    each: (options) => eachRow((cursor) => list({ limit: 100, ...cursor }, options)),
    get: (id, options) => caller.call('getDocument', { params: { id } }, options),
    async *download(id, options = {}) {
      const open = await caller.open('downloadDocument', { params: { id }, accept: '*/*' }, options);
      yield* readBytes(open, options.signal ?? null);
    },
    delete: (id, options) => caller.call('deleteDocument', { params: { id } }, options),
  };
}
