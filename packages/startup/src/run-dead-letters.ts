import { parseEnv } from '@signalbox/config';
import type { ServiceName } from '@signalbox/contracts';
import { IdentityKeys } from '@signalbox/identity';
import { openDatabase, openDeadLetters, tendDeadLetters } from '@signalbox/postgres';
import { auditDeadLetters } from '@signalbox/queue';
import { createLogger } from '@signalbox/telemetry';
import { z } from 'zod';

const Environment = z.object({ DATABASE_URL: z.url(), IDENTITY_KEYS: z.string().min(1) });

/**
 * R19: `list`, `replay <id> …` or `discard <id> …`, for whoever has mended what kept jobs of a service from being worked off.
 * Resolves with what to print, and whether it went well. Throws `ConfigError` for settings that are not there.
 */
export async function runDeadLetters(
  service: ServiceName,
  env: NodeJS.ProcessEnv,
  words: readonly string[],
): Promise<{ ok: boolean; text: string }> {
  const { DATABASE_URL: url, IDENTITY_KEYS: keys } = parseEnv(Environment, env);
  const logger = createLogger({ service, level: 'error', write: (line) => process.stderr.write(`${line}\n`) });
  await using database = openDatabase({ url, applicationName: 'dead-letters', poolMax: 1, logger });
  // OD-14: what is done here stands in the audit log, too.
  const tell = auditDeadLetters({ service, identityKeys: IdentityKeys.parse(keys) });
  return await tendDeadLetters(openDeadLetters(database, { tell }), [...words]);
}
