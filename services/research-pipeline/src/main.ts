import { runService } from '@signalbox/http';
import { createLogger } from '@signalbox/telemetry';
import { serviceName, startResearchPipeline } from './app/app.ts';
import { readConfig } from './app/config.ts';

await runService(async (owned) => {
  const config = readConfig(process.env);
  const logger = createLogger({ service: serviceName, level: config.logLevel });
  await startResearchPipeline(config, { logger, owned });
});
