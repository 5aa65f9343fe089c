import type { Platform, SpoolFile } from '../platform/platform.ts';
import { ConnectionError, type SignalboxError } from '../signalbox-error.ts';
import { fromSpool, type SampleLine } from './sample.ts';
import type { LineOutcome } from './send-lines.ts';

export interface BufferOptions {
  /** Samples it holds, at most; a further one takes the place of the oldest. Default 10,000. */
  capacity?: number;
  /** How long a sample waits for others before all are sent. Default 1,000. */
  flushEveryMs?: number;
  /** So many samples do not wait. Default 500. */
  flushItems?: number;
  /** A file that keeps the samples through the end of the process (Node only). One process may use it at a time. */
  spoolPath?: string;
  /** Is told what will never be stored, and why. */
  onDrop?: (drop: { count: number; reason: DropReason; samples: readonly unknown[] }) => void;
  /** Is told that a flush failed, or that the spool file cannot be used. The samples stay. */
  onError?: (error: unknown) => void;
}

/** `overflow`: newer ones took their place. `rejected`: they are not valid. `closed`: the client was closed without a spool. */
export type DropReason = 'overflow' | 'rejected' | 'closed';

export interface FlushResult {
  sent: number;
  rejected: number;
  /** What is still to be sent. */
  kept: number;
  /** Why something was kept. */
  error: SignalboxError | null;
}

export interface SampleBuffer {
  configure(options: BufferOptions): void;
  /** Never throws and never waits. `isUnsent`: sending them was tried in vain, so what comes next waits behind them. */
  add(lines: readonly SampleLine[], how?: { isUnsent: boolean }): void;
  /** Sends what is there, in order, one flush at a time: who asks meanwhile gets the result of the one that runs. */
  flush(how?: SendHow): Promise<FlushResult>;
  /** The server answers again. */
  recovered(): void;
  /** True while what was to be sent could not be. */
  isBehind(): boolean;
  counts(): { size: number; dropped: number };
  close(): Promise<void>;
}

export interface SampleBufferDeps {
  platform: Pick<Platform, 'openSpoolFile' | 'beforeEnd' | 'startIdleTimer'>;
  send: (lines: readonly SampleLine[], how: SendHow) => Promise<LineOutcome[]>;
}

export interface SendHow {
  retries?: number;
  deadlineMs?: number;
  outlivesPage?: boolean;
}

const chunkItems = 1_000;
const backoffMsMax = 30_000;
const lastFlushMsMax = 10_000;
/** Of what outlives its page, browsers send 64 KiB at most. */
const lastWordsCharactersMax = 30_000;

export function openSampleBuffer({ platform, send }: SampleBufferDeps): SampleBuffer {
  let options: BufferOptions = {};
  /** In order; the first `inFlight` of them are being sent. */
  let queue: SampleLine[] = [];
  let inFlight = 0;
  let added = 0;
  let dropped = 0;
  let spool: SpoolFile | null = null;
  let running: Promise<FlushResult> | null = null;
  let stopTimer: (() => void) | null = null;
  let failuresInARow = 0;
  let addedWhenEnding = -1;
  let isClosed = false;

  const stopWatching = platform.beforeEnd(async ({ outlivesPage }) => {
    if (queue.length === 0 || addedWhenEnding === added) return;
    addedWhenEnding = added;
    if (outlivesPage) await sendLastWords().catch(() => undefined);
    else await flush({ retries: 0, deadlineMs: lastFlushMsMax });
  });

  function tell(callback: () => void): void {
    try {
      callback();
    } catch {
      // A listener that throws is no reason to lose samples.
    }
  }

  function drop(lines: readonly SampleLine[], reason: DropReason): void {
    if (lines.length === 0) return;
    dropped += lines.length;
    const { onDrop } = options;
    if (onDrop === undefined) return;
    tell(() => {
      onDrop({ count: lines.length, reason, samples: lines.map(({ json }) => JSON.parse(json) as unknown) });
    });
  }

  function keep(write: (file: SpoolFile) => void): void {
    if (spool === null) return;
    try {
      write(spool);
    } catch (error) {
      tell(() => options.onError?.(error));
    }
  }

  const jsonOf = (lines: readonly SampleLine[]) => lines.map(({ json }) => json);

  /** Takes what is too much from behind what is being sent. */
  function trim(): boolean {
    const excess = queue.length - (options.capacity ?? 10_000);
    if (excess <= 0) return false;
    drop(queue.splice(inFlight, excess), 'overflow');
    return true;
  }

  function schedule(): void {
    if (stopTimer !== null || running !== null || queue.length === 0 || isClosed) return;
    const flushEveryMs = options.flushEveryMs ?? 1_000;
    const waitMs = failuresInARow === 0 ? flushEveryMs : Math.min(backoffMsMax, 1_000 * 2 ** (failuresInARow - 1));
    stopTimer = platform.startIdleTimer(() => {
      stopTimer = null;
      void flush({ retries: 0 });
    }, waitMs);
  }

  async function run(how: SendHow): Promise<FlushResult> {
    const result: FlushResult = { sent: 0, rejected: 0, kept: 0, error: null };
    while (queue.length > 0 && result.error === null) {
      const lines = queue.slice(0, chunkItems);
      inFlight = lines.length;
      const outcomes = await send(lines, how).catch((cause: unknown): LineOutcome[] => {
        const error = new ConnectionError('The samples could not be sent.', cause);
        return lines.map(() => ({ kind: 'unsent', error }));
      });
      inFlight = 0;
      const unsent = lines.filter((_, index) => outcomes[index]?.kind === 'unsent');
      const rejected = lines.filter((_, index) => outcomes[index]?.kind === 'rejected');
      queue.splice(0, lines.length, ...unsent);
      result.sent += lines.length - unsent.length - rejected.length;
      result.rejected += rejected.length;
      drop(rejected, 'rejected');
      if (unsent.length < lines.length) keep((file) => file.rewrite(jsonOf(queue)));
      for (const outcome of outcomes) if (outcome.kind === 'unsent') result.error ??= outcome.error;
    }
    return { ...result, kept: queue.length };
  }

  function flush(how: SendHow = {}): Promise<FlushResult> {
    if (running !== null) return running;
    stopTimer?.();
    stopTimer = null;
    running = run(how)
      .then((result) => {
        failuresInARow = result.error === null ? 0 : failuresInARow + 1;
        if (result.error !== null) tell(() => options.onError?.(result.error));
        return result;
      })
      .finally(() => {
        inFlight = 0;
        running = null;
        schedule();
      });
    return running;
  }

  /** What is under way may not arrive any more, so it is said again; the server knows each sample by its id. */
  async function sendLastWords(): Promise<void> {
    let characters = 0;
    const lines = queue.filter(({ json }) => (characters += json.length) <= lastWordsCharactersMax);
    await send(lines, { retries: 0, outlivesPage: true });
  }

  return {
    configure(given) {
      options = { ...options, ...given };
      if (given.spoolPath !== undefined) {
        spool = platform.openSpoolFile(given.spoolPath);
        const earlier = spool.read().flatMap((json) => fromSpool(json) ?? []);
        queue = [...queue.slice(0, inFlight), ...earlier, ...queue.slice(inFlight)];
        added += earlier.length;
        trim();
        keep((file) => file.rewrite(jsonOf(queue)));
      }
      trim();
      schedule();
    },
    add(lines, { isUnsent } = { isUnsent: false }) {
      if (isUnsent && failuresInARow === 0) failuresInARow = 1;
      if (isClosed) {
        drop(lines, 'closed');
        return;
      }
      added += lines.length;
      queue.push(...lines);
      if (trim()) keep((file) => file.rewrite(jsonOf(queue)));
      else keep((file) => file.append(jsonOf(lines)));
      if (queue.length >= (options.flushItems ?? 500) && failuresInARow === 0) void flush({ retries: 0 });
      else schedule();
    },
    flush,
    recovered() {
      if (queue.length > 0) void flush({ retries: 0 });
    },
    isBehind: () => queue.length > 0 && failuresInARow > 0,
    counts: () => ({ size: queue.length, dropped }),
    async close() {
      stopWatching();
      if (queue.length > 0) await flush({ retries: 0, deadlineMs: lastFlushMsMax });
      isClosed = true;
      stopTimer?.();
      if (spool === null) drop(queue.splice(0), 'closed');
    },
  };
}
