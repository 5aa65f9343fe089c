/** Shows whoever waits what is going on, one line for each step. */
export interface Tell {
  (line: string): void;
  /** Does `work` and tells `line` with how long it took. Silent when it fails: the error speaks. */
  timing<T>(line: string, work: () => Promise<T>): Promise<T>;
}

export function makeTell(write: (line: string) => void): Tell {
  const tell = (line: string) => {
    write(`  … ${line}`);
  };
  return Object.assign(tell, {
    async timing<T>(line: string, work: () => Promise<T>): Promise<T> {
      const startedAt = performance.now();
      const result = await work();
      write(`  ✓ ${line} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
      return result;
    },
  });
}

export const silent: Tell = makeTell(() => undefined);
