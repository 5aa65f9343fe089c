import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '@signalbox/errors';
import type { Described, Extraction } from './extraction.ts';
import type { ExtractionOrder } from './extraction-thread.ts';

export interface ExtractorOptions {
  /** How many documents are read at a time, each in a thread of its own. Default 2. */
  threadsMax?: number;
  /** Larger ones are not read. Default 50 MiB. */
  bytesMax?: number;
  /** How long one document may take. Default 60,000. */
  timeoutMs?: number;
  /** How much memory the thread of one document may take, inside and outside of its heap. Default 512 MiB. */
  memoryBytesMax?: number;
}

export interface Extractor extends AsyncDisposable {
  /**
   * The text of a document, read in a thread that is ended when it takes too long or too much. What cannot be read is an
   * outcome with its reason; throws the reason of `signal` when that fires.
   */
  extract(bytes: Uint8Array, described: Described & { signal?: AbortSignal }): Promise<Extraction>;
}

const mebibyte = 1_048_576;
const memoryLookMs = 50;
/** The thread runs the file beside this one: the source in tests, the compiled one in production. */
const threadFile = new URL(`./extraction-thread${extname(import.meta.url)}`, import.meta.url);

/** Keeps threads that read documents. Parsers fail on hostile bytes by crashing, by growing and by never ending. */
export function createExtractor({
  threadsMax = 2,
  bytesMax = 50 * mebibyte,
  timeoutMs = 60_000,
  memoryBytesMax = 512 * mebibyte,
}: ExtractorOptions = {}): Extractor {
  const closing = new AbortController();
  const idle: Worker[] = [];
  const alive = new Set<Worker>();
  const waiting: (() => void)[] = [];
  let busy = 0;

  function openThread(): Worker {
    const worker = new Worker(threadFile, {
      // Neither the settings of the process nor what was loaded before it: a parser needs none of them.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memoryBytesMax / mebibyte), stackSizeMb: 4 },
    });
    // An idle thread that fails is replaced when one is needed.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      alive.delete(worker);
      if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
    });
    alive.add(worker);
    return worker;
  }

  async function takeTurn(signal: AbortSignal): Promise<void> {
    if (busy < threadsMax) {
      busy += 1;
      return;
    }
    // Whoever finishes hands its turn on, so that `busy` stays as it is.
    await new Promise<void>((resolve, reject) => {
      const onTurn = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(onTurn), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiting.push(onTurn);
    });
  }

  function passTurn(): void {
    const next = waiting.shift();
    if (next === undefined) busy -= 1;
    else next();
  }

  async function read(worker: Worker, order: ExtractionOrder, signal: AbortSignal): Promise<Extraction> {
    using ends = new DisposableStack();
    return await new Promise<Extraction>((resolve, reject) => {
      const listen = (event: string, listener: (value: unknown) => void): void => {
        worker.once(event, listener);
        ends.defer(() => worker.off(event, listener));
      };
      const fail = (reason: string): void => {
        resolve({ status: 'failed', reason });
      };
      listen('message', (value) => {
        resolve(value as Extraction);
      });
      listen('error', (error) => {
        if (isCode(error, 'ERR_WORKER_OUT_OF_MEMORY')) fail('Reading it takes too much memory.');
        else reject(error instanceof Error ? error : new Error('the reader failed', { cause: error }));
      });
      listen('exit', () => {
        fail('Reading it ended the reader.');
      });
      const timer = setTimeout(() => {
        fail(`Reading it takes more than ${timeoutMs} ms.`);
      }, timeoutMs);
      ends.defer(() => {
        clearTimeout(timer);
      });
      // The limits of a thread cover its heap; what a packed stream becomes lies outside of it.
      const looking = setInterval(() => {
        worker.getHeapStatistics().then(
          (heap) => {
            if (heap.total_heap_size + heap.external_memory > memoryBytesMax) fail('Reading it takes too much memory.');
          },
          // It has ended; `exit` says so.
          () => undefined,
        );
      }, memoryLookMs);
      ends.defer(() => {
        clearInterval(looking);
      });
      const onAbort = (): void => {
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      ends.defer(() => {
        signal.removeEventListener('abort', onAbort);
      });
      worker.ref();
      worker.postMessage(order, [order.bytes.buffer]);
    });
  }

  async function inThread(order: ExtractionOrder, signal: AbortSignal): Promise<Extraction> {
    const worker = idle.pop() ?? openThread();
    let isReusable = false;
    try {
      const extraction = await read(worker, order, signal);
      isReusable = extraction.status === 'extracted' && alive.has(worker);
      return extraction;
    } finally {
      if (isReusable) {
        worker.unref();
        idle.push(worker);
      } else {
        await worker.terminate();
      }
    }
  }

  return {
    async extract(bytes, { contentType, name, url, signal: callers }) {
      if (bytes.length > bytesMax) return { status: 'failed', reason: `It has more than ${bytesMax} bytes.` };
      const signal = AbortSignal.any([closing.signal, ...(callers === undefined ? [] : [callers])]);
      signal.throwIfAborted();
      await takeTurn(signal);
      try {
        signal.throwIfAborted();
        // A copy of its own, which goes over to the thread.
        return await inThread({ bytes: Uint8Array.from(bytes), contentType, name, url }, signal);
      } finally {
        passTurn();
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new AppError('unavailable', 'The service is shutting down.'));
      await Promise.all([...alive].map((worker) => worker.terminate()));
    },
  };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
