import { runService } from '@signalbox/http';
import { createLogger } from '@signalbox/telemetry';
import { serviceName, startAlerting } from './app/app.ts';
import { readConfig } from './app/config.ts';

await runService(async (owned) => {
  const config = readConfig(process.env);
  const logger = createLogger({ service: serviceName, level: config.logLevel });
  await startAlerting(config, { logger, owned });
});
