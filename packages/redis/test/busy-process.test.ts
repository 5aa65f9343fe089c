import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@signalbox/telemetry';
import { testStore, waitFor } from '@signalbox/test-kit';
import { openRedis } from '../src/index.ts';

describe('a process that is busy for longer than a command may take (LA-2, R6)', () => {
  it('still reads the answer that came meanwhile, instead of taking Redis for away', async () => {
    const logger = createLogger({ service: 'test', level: 'silent' });
    await using open = openRedis({ url: testStore('SIGNALBOX_TEST_REDIS_URL'), name: 'busy', use: 'request', logger });
    await waitFor(() => open.ping().then(() => true));
    for (let round = 0; round < 5; round += 1) {
      const answers = Promise.all([open.redis.ping(), open.redis.time(), open.ping()]);
      const until = performance.now() + 120;
      while (performance.now() < until);
      await expect(answers).resolves.toBeDefined();
    }
  });
});
