import { runService } from '@signalbox/http';
import { checkQueueRedis } from '@signalbox/queue';
import { createLogger } from '@signalbox/telemetry';
import { serviceName, startGateway } from './app/app.ts';
import { readConfig } from './app/config.ts';

await runService(async (owned) => {
  const config = readConfig(process.env);
  const logger = createLogger({ service: serviceName, level: config.logLevel });
  const production = process.env['NODE_ENV'] === 'production';
  await checkQueueRedis({ redisUrl: config.redisQueueUrl, production, logger });
  await startGateway(config, { logger, owned });
});
