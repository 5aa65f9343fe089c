/** Waits. Throws the reason of the first of the signals that is aborted, as soon as it is. */
export function sleep(ms: number, ...signals: readonly (AbortSignal | null)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const given = signals.filter((signal) => signal !== null);
    const end = () => {
      clearTimeout(timer);
      for (const signal of given) signal.removeEventListener('abort', abort);
    };
    const abort = () => {
      end();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason, whatever it is
      reject(given.find(({ aborted }) => aborted)?.reason);
    };
    const timer = setTimeout(() => {
      end();
      resolve();
    }, ms);
    for (const signal of given) signal.addEventListener('abort', abort, { once: true });
    if (given.some(({ aborted }) => aborted)) abort();
  });
}
