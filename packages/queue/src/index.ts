export { auditDeadLetters } from './audit-dead-letters.ts';
export { checkQueueRedis, type CheckQueueRedisOptions } from './check-queue-redis.ts';
export { createEmitter, type Emitter, type EmitterOptions, type OutgoingMessage } from './emitter.ts';
export { type DeadLetterSink } from './failed-jobs.ts';
export { createQueues, type Queues, type QueuesOptions } from './queues.ts';
export { startWorker, type HandledJob, type RunningWorker, type WorkerOptions } from './worker.ts';
