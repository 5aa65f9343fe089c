import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildExit } from './child.ts';

/** A process that may end without having been asked to, and can be started again where it was. */
export interface Part {
  /** Settles when the present process ends. */
  readonly exited: Promise<ChildExit>;
  restart(): Promise<void>;
  lastLines(count: number): string;
}

export interface KeepRunningOptions {
  services: Readonly<Record<string, Part>>;
  stores: Readonly<Record<string, Part>>;
  /** How long a store stays away before it is started again. Default 5,000. */
  storeRestMs?: number;
  /** Hears of every end, in words. */
  told: (sentence: string) => void;
  /** Hears of every end and of every return, and whether all parts run now. */
  changed: (allRun: boolean) => void;
}

export interface KeptParts extends Disposable {
  /** Resolves with the reason when a service does not stay: the mesh is of no use with a part that dies and dies. */
  readonly failed: Promise<string>;
}

/** So many ends of one service within so long a time are no accident. */
const endsMax = 5;
const endsWindowMs = 60_000;

/**
 * Starts again what ends unasked: a service at once, for others answer meanwhile; a store, which the services go on
 * without as well as they can, after a rest, and again and again. Disposing lets every part end from now on.
 */
export function keepRunning({ services, stores, storeRestMs = 5_000, told, changed }: KeepRunningOptions): KeptParts {
  const over = new AbortController();
  const isOver = () => over.signal.aborted;
  const away = new Set<string>();

  /** Calls back for each unasked end. The part has been started again when the promise it gave resolves. */
  async function watch(name: string, part: Part, again: (sentence: string) => Promise<void>): Promise<void> {
    for (;;) {
      const { code, signal } = await part.exited;
      if (isOver()) return;
      const how = signal === null ? `with code ${String(code)}` : `by ${signal}`;
      const sentence = `${name} has ended ${how}. Its last lines:\n${part.lastLines(15)}`;
      away.add(name);
      changed(false);
      await again(sentence);
      away.delete(name);
      if (!isOver()) changed(away.size === 0);
    }
  }

  function watchService(name: string, part: Part): Promise<void> {
    let ends: number[] = [];
    return watch(name, part, async (sentence) => {
      const now = performance.now();
      ends = [...ends.filter((end) => now - end < endsWindowMs), now];
      if (ends.length >= endsMax) throw new Error(sentence);
      told(`${sentence}\nIt is started again.`);
      await part.restart();
    });
  }

  function watchStore(name: string, part: Part): Promise<void> {
    return watch(name, part, async (sentence) => {
      told(`${sentence}\nIt is started again in ${String(storeRestMs / 1000)} s.`);
      for (;;) {
        await sleep(storeRestMs, undefined, { signal: over.signal });
        try {
          await part.restart();
          return;
        } catch (error) {
          if (!isOver()) told(error instanceof Error ? error.message : String(error));
        }
      }
    });
  }

  const watches = [
    ...Object.entries(services).map(([name, part]) => watchService(name, part)),
    ...Object.entries(stores).map(([name, part]) => watchStore(name, part)),
  ];
  const failed = new Promise<string>((resolve) => {
    for (const watching of watches) {
      watching.catch((error: unknown) => {
        if (!isOver()) resolve(error instanceof Error ? error.message : String(error));
      });
    }
  });
  return {
    failed,
    [Symbol.dispose]() {
      over.abort();
    },
  };
}
