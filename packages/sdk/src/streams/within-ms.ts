import { TimeoutError } from '../signalbox-error.ts';

/** What the work gives, or a `TimeoutError` when that takes longer. The work itself goes on. */
export async function withinMs<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TimeoutError(`The stream was silent for ${String(ms)} ms.`));
    }, ms);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
    // When the silence was too long, what comes of the read is nobody's business any more.
    work.catch(() => undefined);
  }
}
