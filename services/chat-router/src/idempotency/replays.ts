import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@signalbox/errors';
import type { Database } from '@signalbox/postgres';
import type { Logger } from '@signalbox/telemetry';
import type { Schema } from '../app/schema.ts';
import type { AnswerCommand } from '../completions/answer-command.ts';
import { decodeKept, encodeKept, type KeptAnswer } from '../completions/kept-answer.ts';
import { forgetExpired, keepAnswer, releaseKey, renewLease, takeKey, type ReplayKey } from './replay-store.ts';

/** Requests with the same `Idempotency-Key` are one request: it runs once, and everybody gets its answer. */
export interface Replays extends AsyncDisposable {
  /**
   * Calls one of the two. `run` when nobody has run it: what it gives to its argument is the answer from then on, for 24
   * hours; when it throws, or gives nothing, the key is free again. `replay` with the answer that another one got, for which
   * it is waited. Throws `unprocessable` when the key was used for another request, and `conflict` when the other one came
   * to nothing or its answer was too large to be kept.
   */
  once<Body>(
    command: AnswerCommand<Body>,
    signal: AbortSignal,
    ways: {
      run: (keep: (answer: KeptAnswer | null) => Promise<void>) => Promise<void>;
      replay: (answer: KeptAnswer) => void;
    },
  ): Promise<void>;
}

export interface ReplaysOptions {
  database: Pick<Database<Schema>, 'db' | 'pool'>;
  logger: Logger;
  /** A process that died holds its keys for so long. Default 15,000. */
  leaseMs?: number;
  /** How long an answer is kept. Default 24 hours. */
  keepMs?: number;
}

const [waitFirstMs, waitMsMax] = [20, 250];
const forgetEveryMs = 60_000;
const forgetAtOnceMax = 1_000;

export function createReplays({ database, logger, leaseMs = 15_000, keepMs = 86_400_000 }: ReplaysOptions): Replays {
  /** Keys that this process runs: whoever waits here need not ask Postgres. */
  const running = new Map<string, Promise<void>>();

  const forgetting = setInterval(() => {
    forgetExpired(database.db, forgetAtOnceMax).catch((error: unknown) => {
      logger.warn('idempotency.forgetting_failed', { error });
    });
  }, forgetEveryMs).unref();

  async function runAs(
    owner: string,
    key: ReplayKey,
    run: (keep: (answer: KeptAnswer | null) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const state = { isKept: false };
    const renewal = setInterval(() => {
      renewLease(database.db, key, owner, leaseMs).catch((error: unknown) => {
        logger.warn('idempotency.renewal_failed', { error });
      });
    }, leaseMs / 3);
    try {
      await run(async (answer) => {
        await keepAnswer(database.db, key, owner, answer === null ? null : encodeKept(answer));
        state.isKept = true;
      });
    } finally {
      clearInterval(renewal);
      if (!state.isKept) {
        await releaseKey(database.db, key, owner).catch((error: unknown) => {
          // Its lease will end.
          logger.warn('idempotency.release_failed', { error });
        });
      }
    }
  }

  return {
    async once(command, signal, { run, replay }) {
      const { principal, idempotencyKey, ingress, bytes, options, vendorHeaders } = command;
      const key = { tenantId: principal.tenantId, principalId: principal.principalId, key: idempotencyKey ?? '' };
      const fingerprint = createHash('sha256')
        .update(JSON.stringify([ingress.dialect, ingress.operation, options, vendorHeaders]))
        .update(bytes)
        .digest();
      const owner = randomUUID();
      const name = JSON.stringify(key);
      let hasWaited = false;
      for (let waitMs = waitFirstMs; ; waitMs = Math.min(waitMsMax, 2 * waitMs)) {
        signal.throwIfAborted();
        const row = await takeKey(database, key, { fingerprint, owner, leaseMs, keepMs });
        switch (row.kind) {
          case 'taken': {
            if (hasWaited && row.isNew) {
              // Others wait as well: if each ran it in turn, the last would wait for all of them.
              await releaseKey(database.db, key, owner);
              throw new AppError('conflict', 'The request with this Idempotency-Key came to nothing. Repeat it.', {
                retryAfterMs: 1_000,
                details: { code: 'idempotent_request_failed' },
              });
            }
            const work = runAs(owner, key, run);
            running.set(
              name,
              work.catch(() => undefined),
            );
            try {
              await work;
            } finally {
              running.delete(name);
            }
            return;
          }
          case 'done': {
            const kept = decodeKept(row.answer);
            if (kept === null) throw new TypeError('an answer was kept that cannot be read');
            replay(kept);
            return;
          }
          case 'running':
            hasWaited = true;
            await Promise.race([running.get(name) ?? sleep(waitMs), aborted(signal)]);
            break;
          case 'not_kept':
            throw new AppError(
              'conflict',
              'The request with this Idempotency-Key was answered; its answer was too large to be kept.',
              {
                details: { code: 'idempotent_answer_not_kept', should_retry: false },
              },
            );
          case 'other_request':
            throw new AppError('unprocessable', 'This Idempotency-Key was used for another request.', {
              details: { code: 'idempotency_key_reused', param: 'idempotency-key' },
            });
        }
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(forgetting);
      await Promise.all(running.values());
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
