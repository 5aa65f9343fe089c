import { BullMQOtel } from 'bullmq-otel';

/** Every key of the queues begins with this, unless a deployment shares its Redis with another one. */
export const defaultPrefix = 'signalbox';

/** What Queue and Worker share. Spans go to whatever OpenTelemetry SDK the process has started; without one they cost nothing. */
export function sharedOptions(prefix: string): { prefix: string; telemetry: BullMQOtel } {
  return { prefix, telemetry: new BullMQOtel({ tracerName: 'signalbox' }) };
}

/**
 * Finished jobs stay for a while, for whoever looks into the queue. A failed one stays until it lies among the dead
 * letters; the bound is for a database that is away for a week.
 */
export const keptJobs = {
  removeOnComplete: { age: 600, count: 1_000 },
  removeOnFail: { age: 7 * 86_400, count: 100_000 },
  // What was thrown is in the log, redacted; the queue keeps the sentence.
  stackTraceLimit: 0,
} as const;

/** Where workers tell an emitter's relay which of its jobs are settled. */
export function settledKey(prefix: string, emitter: string): string {
  return `${prefix}:outbox:${emitter}:settled`;
}

/** There since the emitter's relay first looked; gone when Redis has lost its memory. */
export function memoryKey(prefix: string, emitter: string): string {
  return `${prefix}:outbox:${emitter}:memory`;
}
