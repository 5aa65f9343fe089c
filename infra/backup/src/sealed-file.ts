import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import type { Vault } from '@signalbox/vault';

const algorithm = 'aes-256-gcm';
const format = 'signalbox-backup/1';
const frameBytes = 1 << 20;
const tagBytes = 16;
const where = { tenantId: 'platform', purpose: 'backup' };

/** A copy that cannot be opened: cut off, changed, or sealed under a key that is not held. */
export class UnreadableCopy extends Error {}

/**
 * Seals what is written to it: one line that says under which key, then frames, each authentic at its place and the last one
 * known as the last, so that a copy that was cut off between two frames is not taken for a whole one.
 */
export function sealing(vault: Vault, madeAt: Date): Transform {
  const key = randomBytes(32);
  const head = { format, made_at: madeAt.toISOString(), sealed_key: vault.seal(key, where) };
  let gathered = Buffer.alloc(0);
  let index = 0;
  let begun = false;

  function push(stream: Transform, frame: Buffer, isLast: boolean): void {
    if (!begun) stream.push(`${JSON.stringify(head)}\n`);
    begun = true;
    const cipher = createCipheriv(algorithm, key, nonceOf(index), { authTagLength: tagBytes });
    cipher.setAAD(Buffer.from(isLast ? 'last' : 'more'));
    const sealed = Buffer.concat([cipher.update(frame), cipher.final(), cipher.getAuthTag()]);
    const length = Buffer.alloc(5);
    length.writeUInt32BE(sealed.length);
    length.writeUInt8(isLast ? 1 : 0, 4);
    stream.push(Buffer.concat([length, sealed]));
    index += 1;
  }

  return new Transform({
    transform(this: Transform, chunk: Buffer, _encoding, done: TransformCallback) {
      gathered = Buffer.concat([gathered, chunk]);
      while (gathered.length > frameBytes) {
        push(this, gathered.subarray(0, frameBytes), false);
        gathered = gathered.subarray(frameBytes);
      }
      done();
    },
    flush(this: Transform, done: TransformCallback) {
      push(this, gathered, true);
      done();
    },
  });
}

/** Opens what `sealing` made. Throws `UnreadableCopy`. */
export async function* opening(vault: Vault, sealed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const bytes = takeFrom(sealed);
  const key = keyOf(vault, await bytes.line());
  for (let index = 0; ; index += 1) {
    const head = await bytes.take(5);
    const isLast = head.readUInt8(4) === 1;
    const frame = await bytes.take(head.readUInt32BE());
    const decipher = createDecipheriv(algorithm, key, nonceOf(index), { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(isLast ? 'last' : 'more'));
    decipher.setAuthTag(frame.subarray(-tagBytes));
    try {
      yield Buffer.concat([decipher.update(frame.subarray(0, -tagBytes)), decipher.final()]);
    } catch (cause) {
      throw new UnreadableCopy('the copy was changed after it was made', { cause });
    }
    if (isLast) return;
  }
}

function keyOf(vault: Vault, line: string): Buffer {
  try {
    const head = JSON.parse(line) as { format?: string; sealed_key?: string };
    if (head.format !== format) throw new Error(`not ${format}`);
    return vault.open(head.sealed_key ?? '', where);
  } catch (cause) {
    throw new UnreadableCopy('the copy is none of ours, or was sealed under a key that is not among BACKUP_KEYS', {
      cause,
    });
  }
}

/** Never twice under one key: the key is new for each copy, and frames are counted. */
function nonceOf(index: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(index), 4);
  return nonce;
}

function takeFrom(source: AsyncIterable<Buffer>) {
  const chunks = source[Symbol.asyncIterator]();
  let rest = Buffer.alloc(0);
  async function more(): Promise<void> {
    const next: IteratorResult<Buffer, undefined> = await chunks.next();
    if (next.done === true) throw new UnreadableCopy('the copy ends too early');
    rest = Buffer.concat([rest, next.value]);
  }
  return {
    async take(count: number): Promise<Buffer> {
      while (rest.length < count) await more();
      const taken = rest.subarray(0, count);
      rest = rest.subarray(count);
      return taken;
    },
    async line(): Promise<string> {
      while (!rest.includes(10)) {
        if (rest.length > 65_536) throw new UnreadableCopy('the copy is none of ours');
        await more();
      }
      const end = rest.indexOf(10);
      const line = rest.subarray(0, end).toString();
      rest = rest.subarray(end + 1);
      return line;
    },
  };
}
