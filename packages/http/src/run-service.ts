import { createLogger, type Logger } from '@signalbox/telemetry';

/** Long enough for a drain and for what comes after it; then a shutdown that hangs is ended by force. */
const shutdownMsMaxDefault = 60_000;
/** What a process that has closed everything may take to end by itself. */
const endMsMax = 2_000;

/**
 * Is the life of a process: runs `main`, which puts everything it opens on `owned`; waits for SIGTERM or SIGINT; disposes
 * of `owned` in reverse order; ends with 0. A failed start, a failed or hanging shutdown, an unhandled rejection or
 * exception is logged and ends with 1, as does a second signal. Resolves when everything is closed.
 */
export async function runService(
  main: (owned: AsyncDisposableStack) => Promise<void>,
  {
    logger = createLogger({ service: 'process' }),
    shutdownMsMax = shutdownMsMaxDefault,
  }: { logger?: Logger; shutdownMsMax?: number } = {},
): Promise<void> {
  const owned = new AsyncDisposableStack();
  const fail = (event: string, error: unknown): void => {
    logger.error(event, { error });
    process.exit(1);
  };
  process.on('uncaughtException', (error) => {
    fail('process.uncaught_exception', error);
  });
  process.on('unhandledRejection', (reason) => {
    fail('process.unhandled_rejection', reason);
  });

  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      resolve(signal);
      const again = (): void => {
        fail('process.killed', new Error('a second signal came before the shutdown was over'));
      };
      process.on('SIGTERM', again).on('SIGINT', again);
    };
    process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  });

  const started = main(owned).then(
    () => ({ kind: 'started' as const }),
    (error: unknown) => ({ kind: 'failed' as const, error }),
  );
  const first = await Promise.race([started, signalled]);
  if (typeof first === 'object' && first.kind === 'failed') {
    logger.error('process.start_failed', { error: first.error });
    process.exitCode = 1;
  } else {
    const signal = await signalled;
    logger.info('process.stopping', { signal });
  }
  const hanging = setTimeout(() => {
    fail('process.shutdown_hangs', new Error(`still open: ${process.getActiveResourcesInfo().join(', ')}`));
  }, shutdownMsMax).unref();
  try {
    await owned.disposeAsync();
  } catch (error) {
    logger.error('process.shutdown_failed', { error });
    process.exitCode = 1;
  }
  clearTimeout(hanging);
  setTimeout(() => {
    logger.warn('process.left_open', { resources: process.getActiveResourcesInfo() });
    process.exit();
  }, endMsMax).unref();
}
