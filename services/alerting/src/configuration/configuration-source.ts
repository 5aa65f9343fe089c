import type { Vault } from '@signalbox/vault';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { defaultConfigurationText, type AlertingConfiguration } from './alerting-configuration.ts';
import { findConfiguration, findRevision } from './configuration-store.ts';
import { readConfiguration } from './read-configuration.ts';

/** Where the configuration of a tenant comes from; `db` may be the transaction in which it is to be applied. */
export interface ConfigurationSource {
  of(db: Kysely<Schema>, tenantId: string): Promise<AlertingConfiguration>;
}

const tenantsMax = 1_000;

/** The tenants' own configurations, each read once for every revision of it; the default for those that have none. */
export function createTenantConfigurations(vault: Vault | null): ConfigurationSource {
  const byDefault = readConfiguration(defaultConfigurationText);
  const read = new Map<string, { revision: number; configuration: AlertingConfiguration }>();
  return {
    async of(db, tenantId) {
      const revision = await findRevision(db, tenantId);
      if (revision === 0) return byDefault;
      const known = read.get(tenantId);
      if (known?.revision === revision) return known.configuration;
      const row = await findConfiguration(db, tenantId);
      if (row === null) return byDefault;
      if (vault === null) throw new Error('a configuration is sealed, and there are no keys to open it');
      const text = vault.open(row.sealed, sealContext(tenantId)).toString('utf8');
      const configuration = readConfiguration(text);
      const [oldest] = read.keys();
      if (read.size >= tenantsMax && oldest !== undefined) read.delete(oldest);
      read.set(tenantId, { revision: row.revision, configuration });
      return configuration;
    },
  };
}

export function sealContext(tenantId: string): { tenantId: string; purpose: string } {
  return { tenantId, purpose: 'alerting_configuration' };
}
