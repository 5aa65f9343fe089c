import { ConfigError } from '@signalbox/config';
import type { StorageSettings } from '@signalbox/storage';
import { z } from 'zod';

const text = z.string().min(1).max(500);

/** Where files are kept: a folder that every replica sees, or S3-compatible storage. */
export const storageVariables = {
  STORAGE_FOLDER: text.optional(),
  S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  S3_REGION: text.default('us-east-1'),
  S3_BUCKET: text.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is no name of a bucket').optional(),
  S3_ACCESS_KEY_ID: text.optional(),
  S3_SECRET_ACCESS_KEY: text.optional(),
  S3_SESSION_TOKEN: z.string().min(1).max(10_000).optional(),
  S3_ENCRYPTION: z.enum(['AES256', 'aws:kms']).optional(),
};

type Variables = z.output<z.ZodObject<typeof storageVariables>>;

/** S3-compatible storage where it is set, else the folder. Throws `ConfigError` for neither, or for half of one. */
export function storageOf(variables: Variables): StorageSettings {
  const { STORAGE_FOLDER: folder, S3_ENDPOINT: endpoint } = variables;
  if (endpoint === undefined) {
    if (folder === undefined) throw missing('STORAGE_FOLDER', 'is required, unless S3_ENDPOINT is set');
    return { kind: 'volume', folder };
  }
  return {
    kind: 's3',
    endpoint,
    region: variables.S3_REGION,
    bucket: needed('S3_BUCKET', variables.S3_BUCKET),
    credentials: {
      accessKeyId: needed('S3_ACCESS_KEY_ID', variables.S3_ACCESS_KEY_ID),
      secretAccessKey: needed('S3_SECRET_ACCESS_KEY', variables.S3_SECRET_ACCESS_KEY),
      sessionToken: variables.S3_SESSION_TOKEN ?? null,
    },
    encryption: variables.S3_ENCRYPTION ?? null,
  };
}

function needed(name: string, value: string | undefined): string {
  if (value === undefined) throw missing(name, 'is required with S3_ENDPOINT');
  return value;
}

function missing(name: string, message: string): ConfigError {
  return new ConfigError('environment', [{ name, message }]);
}
