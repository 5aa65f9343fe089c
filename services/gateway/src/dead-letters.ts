import { parseEnv } from '@signalbox/config';
import { IdentityKeys } from '@signalbox/identity';
import { openDatabase, openDeadLetters, tendDeadLetters } from '@signalbox/postgres';
import { auditDeadLetters } from '@signalbox/queue';
import { createLogger } from '@signalbox/telemetry';
import { z } from 'zod';

/** R19: `list`, `replay <id> …` or `discard <id> …`, for whoever has mended what kept jobs from being worked off. */
const Environment = z.object({ DATABASE_URL: z.url(), IDENTITY_KEYS: z.string().min(1) });
const { DATABASE_URL: url, IDENTITY_KEYS: keys } = parseEnv(Environment, process.env);
const logger = createLogger({ service: 'gateway', level: 'error', write: (line) => process.stderr.write(`${line}\n`) });
await using database = openDatabase({ url, applicationName: 'dead-letters', poolMax: 1, logger });

// OD-14: what is done here stands in the audit log, too.
const tell = auditDeadLetters({ service: 'gateway', identityKeys: IdentityKeys.parse(keys) });
const { ok, text } = await tendDeadLetters(openDeadLetters(database, { tell }), process.argv.slice(2));
process.stdout.write(text);
if (!ok) process.exitCode = 1;
