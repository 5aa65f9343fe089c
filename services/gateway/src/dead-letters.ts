import { parseEnv } from '@signalbox/config';
import { openDatabase, openDeadLetters, tendDeadLetters } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { z } from 'zod';

/** R19: `list`, `replay <id> …` or `discard <id> …`, for whoever has mended what kept jobs from being worked off. */
const { DATABASE_URL: url } = parseEnv(z.object({ DATABASE_URL: z.url() }), process.env);
const logger = createLogger({ service: 'gateway', level: 'error', write: (line) => process.stderr.write(`${line}\n`) });
await using database = openDatabase({ url, applicationName: 'dead-letters', poolMax: 1, logger });

const { ok, text } = await tendDeadLetters(openDeadLetters(database), process.argv.slice(2));
process.stdout.write(text);
if (!ok) process.exitCode = 1;
