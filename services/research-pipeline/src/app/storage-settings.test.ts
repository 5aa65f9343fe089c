import { describe, expect, it } from '@jest/globals';
import { parseEnv } from '@signalbox/config';
import { z } from 'zod';
import { storageOf, storageVariables } from './storage-settings.ts';

const s3 = {
  S3_ENDPOINT: 'https://s3.example.com',
  S3_BUCKET: 'files',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'a very secret key',
};
const read = (env: Record<string, string>) => storageOf(parseEnv(z.object(storageVariables), env));

describe('where files are kept (OP-8)', () => {
  it('is a folder, or S3-compatible storage where one is set', () => {
    expect(read({ STORAGE_FOLDER: '/files' })).toEqual({ kind: 'volume', folder: '/files' });
    expect(read({ STORAGE_FOLDER: '/files', ...s3, S3_REGION: 'eu-central-1' })).toEqual({
      kind: 's3',
      endpoint: 'https://s3.example.com',
      region: 'eu-central-1',
      bucket: 'files',
      credentials: { accessKeyId: 'id', secretAccessKey: 'a very secret key', sessionToken: null },
      encryption: null,
    });
  });

  it.each([
    [{}, 'STORAGE_FOLDER: is required, unless S3_ENDPOINT is set'],
    [{ ...s3, S3_BUCKET: '' }, 'S3_BUCKET: is required with S3_ENDPOINT'],
    [{ ...s3, S3_SECRET_ACCESS_KEY: '' }, 'S3_SECRET_ACCESS_KEY: is required with S3_ENDPOINT'],
    [{ ...s3, S3_ENDPOINT: 'ftp://files' }, 'S3_ENDPOINT'],
    [{ ...s3, S3_BUCKET: '../other' }, 'S3_BUCKET: is no name of a bucket'],
  ])('is refused when it is %j', (env, message) => {
    expect(() => read(env)).toThrow(message);
    expect(() => read(env)).not.toThrow('a very secret key');
  });
});
