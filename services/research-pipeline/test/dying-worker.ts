/** A whole service in a process of its own, which dies the moment that a step of a job is done. */
import { createLogger } from '@signalbox/telemetry';
import { startResearchPipeline } from '../src/app/app.ts';
import { readConfig } from '../src/app/config.ts';

const { DIE_AFTER = '', QUEUE_PREFIX = '' } = process.env;
const logger = createLogger({
  service: 'research-pipeline',
  level: 'debug',
  write: (line) => {
    const { event, stage, step } = JSON.parse(line) as Record<string, unknown>;
    if (event === 'research.step' && `${String(stage)}/${String(step)}` === DIE_AFTER)
      process.kill(process.pid, 'SIGKILL');
  },
});
const owned = new AsyncDisposableStack();
await startResearchPipeline(readConfig(process.env), { logger, owned, queuePrefix: QUEUE_PREFIX });
