import { parseEnv } from '@signalbox/config';
import { migrateToLatest } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { z } from 'zod';
import { migrations } from '../migrations/index.ts';
import { serviceName } from './app/app.ts';

const { MIGRATION_DATABASE_URL: url } = parseEnv(z.object({ MIGRATION_DATABASE_URL: z.url() }), process.env);
await migrateToLatest({ url, schema: 'research_pipeline', migrations, logger: createLogger({ service: serviceName }) });
