import { once } from 'node:events';

/** Ctrl-C reaches us three times: from the terminal, from npm and from the bootstrap. */
const echoMs = 1_500;

export interface StopRequests {
  /** Aborted at the first request. */
  signal: AbortSignal;
  requested: Promise<null>;
  /** Calls back when whoever waits asks once more. */
  onImpatience: (callback: () => void) => void;
}

/** SIGINT, SIGTERM, SIGHUP, and the death of the bootstrap that started us, are all one request to stop. */
export function stopRequests(): StopRequests {
  const controller = new AbortController();
  let requestedAt: number | null = null;
  let impatient: () => void = () => undefined;
  const request = () => {
    const now = performance.now();
    if (requestedAt !== null) {
      if (now - requestedAt > echoMs) impatient();
      return;
    }
    requestedAt = now;
    controller.abort(new Error('Stopped before everything had started.'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request);
  process.on('disconnect', request);
  return {
    signal: controller.signal,
    requested: once(controller.signal, 'abort').then(() => null),
    onImpatience: (callback) => {
      impatient = callback;
    },
  };
}
