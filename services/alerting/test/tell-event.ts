import type { CallerIdentity } from '@signalbox/identity';
import { createEmitter, createQueues } from '@signalbox/queue';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { testStore, waitFor } from '@signalbox/test-kit';
import { identityKeys } from './harness.ts';

type Event = Parameters<ReturnType<typeof createEmitter>['outboxRows']>[0];

/** Tells alerting of an event, as the service does that emits it; by the same `id` it is the same message. */
export async function tellEvent(
  prefix: string,
  event: Event,
  payload: unknown,
  caller: CallerIdentity,
  id?: string,
): Promise<void> {
  const service = 'emitter' in event ? event.emitter : 'gateway';
  await using queues = createQueues({
    redisUrl: testStore('SIGNALBOX_TEST_REDIS_URL'),
    service,
    identityKeys,
    logger: createLogger({ service: 'test', write: () => undefined }),
    metrics: createMetrics({ service: 'test' }),
    prefix,
  });
  await waitFor(() =>
    queues.ping().then(
      () => true,
      () => null,
    ),
  );
  const emitter = createEmitter({ service, identityKeys });
  const rows = emitter.outboxRows(event, payload, caller, id === undefined ? {} : { id });
  await queues.publish(rows.filter(({ name }) => name.endsWith('.alerting')).map((row) => ({ ...row, publishes: 1 })));
}
