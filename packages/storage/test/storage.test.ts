import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateS3, type SimulatedS3 } from '@signalbox/test-kit';
import { keyOf, openStorage, type Storage } from '@signalbox/storage';

const owner = { tenantId: 'tenant_a', use: 'documents' } as const;

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface Opened extends AsyncDisposable {
  storage: Storage;
  /** Changes what lies under a key, as a failing disk does. */
  damage(key: string): void;
}

function openVolume(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-storage-'));
  return Promise.resolve({
    storage: openStorage({ kind: 'volume', folder }),
    damage(key) {
      const [tenant = '', use = '', hash = ''] = key.split('/');
      const place = join(folder, tenant, use, hash.slice(0, 2), hash);
      writeFileSync(place, Buffer.alloc(statSync(place).size));
    },
    [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  });
}

async function openS3(): Promise<Opened> {
  const s3 = await simulateS3();
  const storage = openStorage({ kind: 's3', ...s3, encryption: null });
  return {
    storage,
    damage(key) {
      s3.objects.set(key, Buffer.alloc(s3.objects.get(key)?.length ?? 0));
    },
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      await s3[Symbol.asyncDispose]();
    },
  };
}

describe.each([
  ['a folder', openVolume],
  ['S3-compatible storage', openS3],
])('blobs in %s (OP-8, B-41)', (_name, open) => {
  const owned = new AsyncDisposableStack();
  let opened: Opened;
  let storage: Storage;
  beforeAll(async () => {
    opened = owned.use(await open());
    ({ storage } = opened);
  });
  afterAll(() => owned.disposeAsync());

  it('come back as they were kept, whole or as a stream, under the hash of their bytes', async () => {
    const bytes = randomBytes(300_000);
    const key = await storage.put(owner, bytes);
    expect(key).toBe(`tenant_a/documents/${sha256(bytes)}`);
    expect(key).toBe(keyOf(owner, bytes));
    expect(await storage.get(key)).toEqual(bytes);
    expect(await storage.has(key)).toBe(true);
    const stream = await storage.stream(key);
    expect(stream === null ? null : await buffer(stream)).toEqual(bytes);
  });

  it('may be of no bytes at all, and of fifty megabytes', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(50 * 1_048_576, 'x')]) {
      expect((await storage.get(await storage.put(owner, bytes)))?.equals(bytes)).toBe(true);
    }
  });

  it('are one where they are the same, however many keep them at a time', async () => {
    const bytes = randomBytes(10_000);
    const keys = await Promise.all(Array.from({ length: 20 }, () => storage.put(owner, bytes)));
    expect(new Set(keys).size).toBe(1);
    expect(await storage.get(keys[0] ?? '')).toEqual(bytes);
  });

  it("are each tenant's own, and each purpose's", async () => {
    const bytes = randomBytes(100);
    const key = await storage.put(owner, bytes);
    const others = [
      await storage.put({ tenantId: 'tenant_b', use: 'documents' }, bytes),
      await storage.put({ tenantId: 'tenant_a', use: 'snapshots' }, bytes),
    ];
    await storage.delete(key);
    expect(await Promise.all([key, ...others].map((one) => storage.has(one)))).toEqual([false, true, true]);
  });

  it('that are not there are nothing, and may be deleted all the same', async () => {
    const key = keyOf(owner, randomBytes(8));
    expect([await storage.get(key), await storage.stream(key), await storage.has(key)]).toEqual([null, null, false]);
    await storage.delete(key);
  });

  it('that were damaged are never given out as what they were', async () => {
    const key = await storage.put(owner, randomBytes(200_000));
    opened.damage(key);
    await expect(storage.get(key)).rejects.toMatchObject({ code: 'unavailable' });
    const stream = await storage.stream(key);
    await expect(stream === null ? null : buffer(stream)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each([
    '../../etc/passwd',
    'tenant_a/documents/../x',
    '',
    'tenant_a/secrets/' + 'a'.repeat(64),
    'TENANT/documents/x',
  ])('are under no key like %j (S7)', async (key) => {
    await expect((async () => storage.get(key))()).rejects.toThrow(TypeError);
    await expect((async () => storage.delete(key))()).rejects.toThrow(TypeError);
  });

  it('are given up with the reason of the signal', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(storage.put(owner, randomBytes(8), signal)).rejects.toBe(reason);
  });

  it('can be kept and had: the ping says so', async () => {
    await expect(storage.ping()).resolves.toBeUndefined();
  });
});

describe('a folder', () => {
  it('holds whole files only, and is unavailable when it cannot be written to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-storage-'));
    try {
      await using storage = openStorage({ kind: 'volume', folder });
      const keys = await Promise.all(Array.from({ length: 30 }, () => storage.put(owner, randomBytes(100_000))));
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files.map(({ name }) => name).sort()).toEqual(keys.map((key) => key.slice(-64)).sort());
      const file = join(folder, 'a-file');
      writeFileSync(file, '');
      chmodSync(file, 0o400);
      await using broken = openStorage({ kind: 'volume', folder: file });
      await expect(broken.put(owner, randomBytes(8))).rejects.toMatchObject({ code: 'unavailable' });
      await expect(broken.ping()).rejects.toMatchObject({ code: 'unavailable' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('S3-compatible storage (OP-8, B-41)', () => {
  const owned = new AsyncDisposableStack();
  let s3: SimulatedS3;
  beforeAll(async () => {
    s3 = owned.use(await simulateS3());
  });
  afterAll(() => owned.disposeAsync());

  const open = (more: Partial<SimulatedS3> = {}, encryption: string | null = null): Storage =>
    openStorage({ kind: 's3', ...s3, ...more, encryption });

  it('is asked again when it is busy or cut off, and no more than three times', async () => {
    await using storage = open();
    const bytes = randomBytes(1_000);
    s3.failNext({ kind: 'refusal', status: 503, code: 'SlowDown' }, { kind: 'cut' });
    const key = await storage.put(owner, bytes);
    expect(await storage.get(key)).toEqual(bytes);
    const before = s3.calls.length;
    const busy = { kind: 'refusal', status: 500, code: 'InternalError' } as const;
    s3.failNext(busy, busy, busy);
    await expect(storage.get(key)).rejects.toMatchObject({ code: 'unavailable' });
    expect(s3.calls.length - before).toBe(3);
  });

  it('that says no for good is asked once', async () => {
    await using storage = open({ credentials: { ...s3.credentials, secretAccessKey: 'wrong' } });
    const before = s3.calls.length;
    await expect(storage.put(owner, randomBytes(8))).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: 'S3 answers 403 SignatureDoesNotMatch' },
    });
    expect(s3.calls.length - before).toBe(1);
  });

  it('of which the bucket is away holds nothing that is not there: it is unavailable', async () => {
    await using storage = open({ bucket: 'another' });
    const key = keyOf(owner, randomBytes(8));
    for (const attempt of [storage.get(key), storage.ping(), storage.put(owner, randomBytes(8))]) {
      await expect(attempt).rejects.toMatchObject({ code: 'unavailable' });
    }
  });

  it('gives no half of a blob', async () => {
    await using storage = open();
    const key = await storage.put(owner, randomBytes(100_000));
    s3.failNext({ kind: 'half' });
    await expect(storage.get(key)).rejects.toMatchObject({ code: 'unavailable' });
    s3.failNext({ kind: 'half' });
    const stream = await storage.stream(key);
    await expect(stream === null ? null : buffer(stream)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is waited for no longer than the signal lets', async () => {
    await using storage = open();
    s3.failNext({ kind: 'hang' });
    const reason = new Error('enough');
    const giving = new AbortController();
    const asked = storage.get(keyOf(owner, randomBytes(8)), giving.signal);
    giving.abort(reason);
    await expect(asked).rejects.toBe(reason);
  });

  it('is told to encrypt where it is to', async () => {
    await using storage = open({}, 'AES256');
    await storage.put(owner, randomBytes(8));
    expect(s3.calls.at(-1)?.headers['x-amz-server-side-encryption']).toBe('AES256');
  });
});
