import { parseEnv } from '@signalbox/config';
import { openDatabase } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { z } from 'zod';
import type { GatewaySchema } from './app/schema.ts';
import { addOperatorKey, openOperators } from './people/open-operators.ts';

/**
 * Prints the first administrator's key, once: on a database that has its operators it prints nothing. `--another-key`
 * prints a further one, for whoever has lost the first.
 */
const { DATABASE_URL: url } = parseEnv(z.object({ DATABASE_URL: z.url() }), process.env);
const logger = createLogger({ service: 'gateway', level: 'error', write: (line) => process.stderr.write(`${line}\n`) });
await using database = openDatabase<GatewaySchema>({ url, applicationName: 'create-admin', poolMax: 1, logger });

const make = process.argv.includes('--another-key') ? addOperatorKey : openOperators;
const key = await make(database.db, new Date());
if (key !== null) process.stdout.write(`${key}\n`);
