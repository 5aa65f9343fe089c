import { AppError } from '@signalbox/errors';
import type { Principal } from '@signalbox/identity';
import type { Vault } from '@signalbox/vault';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { ConfigurationError, type AlertingConfiguration } from './alerting-configuration.ts';
import { sealContext } from './configuration-source.ts';
import { replaceConfiguration, type ConfigurationRow } from './configuration-store.ts';
import { readConfiguration } from './read-configuration.ts';

export interface ChangeConfigurationDeps {
  db: Kysely<Schema>;
  vault: Vault | null;
  /** Leads the alerts that are known where they now belong, in the transaction that changes the configuration. */
  regroup: (trx: Transaction<Schema>, tenantId: string, now: Date) => Promise<void>;
  tellAudit: TellAudit;
}

export interface ChangedConfiguration {
  row: ConfigurationRow;
  configuration: AlertingConfiguration;
}

/**
 * Replaces a tenant's configuration. Throws `validation_failed` that names every mistake, `conflict` if `expected` is not the
 * revision that is replaced, and `unavailable` without keys to keep secrets under.
 */
export async function changeConfiguration(
  { db, vault, regroup, tellAudit }: ChangeConfigurationDeps,
  { principal, requestId }: { principal: Principal; requestId: string },
  { original, expected }: { original: string; expected: number | null },
  now: Date,
): Promise<ChangedConfiguration> {
  const configuration = check(original);
  if (vault === null)
    throw new AppError('unavailable', 'A configuration may hold secrets, and there are no keys to keep them under.');
  const sealed = vault.seal(original, sealContext(principal.tenantId));
  const row = await db.transaction().execute(async (trx) => {
    const replaced = await replaceConfiguration(trx, principal, { sealed, expected, now });
    await regroup(trx, principal.tenantId, now);
    const details = { revision: replaced.revision };
    await tellAudit(trx, {
      action: 'alerting_configuration.changed',
      target: principal.tenantId,
      principal,
      requestId,
      details,
    });
    return replaced;
  });
  return { row, configuration };
}

function check(original: string): AlertingConfiguration {
  try {
    return readConfiguration(original);
  } catch (thrown) {
    if (!(thrown instanceof ConfigurationError)) throw thrown;
    const fields = thrown.problems.map(({ path, message }) => ({
      path: 'original',
      message: path === '' ? message : `${path}: ${message}`,
    }));
    throw new AppError('validation_failed', undefined, { fields });
  }
}
