import { createHash } from 'node:crypto';
import { pipeline, Transform, type Readable } from 'node:stream';
import { AppError } from '@signalbox/errors';
import { away, damaged, hashIn } from './storage.ts';

/** The same stream, which fails at its end when its bytes were not those of the key. */
export function checkBytes(key: string, source: Readable): Readable {
  const expected = hashIn(key);
  const hash = createHash('sha256');
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(hash.digest('hex') === expected ? null : damaged(key));
    },
    destroy(error, done) {
      done(error === null || error instanceof AppError ? error : away(error));
    },
  });
  pipeline(source, checked, () => undefined);
  return checked;
}
