import type { Database } from '@signalbox/postgres';
import type { Logger } from '@signalbox/telemetry';
import type { GatewaySchema } from '../app/schema.ts';
import { noteLastUse } from './api-key-store.ts';

const flushMs = 10_000;

/** Notes the use of keys in memory and writes it every ten seconds, one statement for all; no request waits for it. */
export interface LastUseRecorder extends AsyncDisposable {
  used(keyId: string, at: Date): void;
  /** Writes what is noted. A failure is logged, and the note is lost: the next use makes another. */
  flush(): Promise<void>;
}

export function createLastUseRecorder({
  database,
  logger,
}: {
  database: Pick<Database<GatewaySchema>, 'db'>;
  logger: Logger;
}): LastUseRecorder {
  let uses = new Map<string, Date>();

  async function flush(): Promise<void> {
    if (uses.size === 0) return;
    const taken = uses;
    uses = new Map();
    try {
      await noteLastUse(database.db, taken);
    } catch (error) {
      logger.warn('api_keys.last_use_lost', { keys: taken.size, error });
    }
  }

  const timer = setInterval(() => void flush(), flushMs);
  timer.unref();

  return {
    used(keyId, at) {
      uses.set(keyId, at);
    },
    flush,
    [Symbol.asyncDispose]: () => {
      clearInterval(timer);
      return flush();
    },
  };
}
