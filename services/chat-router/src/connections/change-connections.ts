import type { ConnectionChanges, ConnectionInput } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import type { Vault } from '@signalbox/vault';
import { ProviderSettings } from '../providers/provider-settings.ts';
import { vendorOf, type ModelRegistry } from '../registry/model-registry.ts';
import { hintOf, sealContext, type ConnectionRecord } from './connection-record.ts';

/** A tenant's connections are looked through for every request of it. */
export const connectionsMax = 100;

export interface ChangeConnectionsDeps {
  /** Null: this installation keeps no keys. */
  vault: Vault | null;
  registry: ModelRegistry;
  /** False for an address that can never be connected to. */
  mayConnectTo: (url: string) => boolean;
}

export function newConnection(
  { vault, registry, mayConnectTo }: ChangeConnectionsDeps,
  tenantId: string,
  input: ConnectionInput,
  now: Date,
): ConnectionRecord {
  const bare = {
    id: newId('connection', now.getTime()),
    tenantId,
    name: input.name,
    kind: input.kind,
    baseUrl: input.base_url ?? null,
    options: input.options ?? {},
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  assertUsable(bare);
  assertReachable(mayConnectTo, bare.baseUrl);
  return {
    ...bare,
    ...sealed(vault, bare, input.api_key ?? null),
    models: input.models ?? knownModels(registry, bare),
  };
}

/** The connection with these changes, as its next version. */
export function changedConnection(
  { vault, registry, mayConnectTo }: ChangeConnectionsDeps,
  record: ConnectionRecord,
  changes: ConnectionChanges,
  now: Date,
): ConnectionRecord {
  const changed: ConnectionRecord = {
    ...record,
    name: changes.name ?? record.name,
    baseUrl: changes.base_url === undefined ? record.baseUrl : changes.base_url,
    options: changes.options ?? record.options,
    version: record.version + 1,
    updatedAt: now,
  };
  assertUsable(changed);
  if (changes.base_url !== undefined) assertReachable(mayConnectTo, changes.base_url);
  // A key goes where it was given for, and nowhere else.
  if (changed.baseUrl !== record.baseUrl && record.sealedKey !== null && changes.api_key === undefined) {
    throw new AppError('validation_failed', undefined, {
      fields: [{ path: 'api_key', message: 'Expected the key again (or null): the address changes.' }],
    });
  }
  return {
    ...changed,
    ...(changes.api_key === undefined ? {} : sealed(vault, changed, changes.api_key)),
    models: changes.models === null ? knownModels(registry, changed) : (changes.models ?? record.models),
  };
}

function knownModels(registry: ModelRegistry, { kind, baseUrl }: Pick<ConnectionRecord, 'kind' | 'baseUrl'>): string[] {
  const vendor = vendorOf(kind, baseUrl);
  return vendor === null ? [] : registry.modelsOf(vendor);
}

function sealed(
  vault: Vault | null,
  record: Pick<ConnectionRecord, 'tenantId' | 'id'>,
  apiKey: string | null,
): Pick<ConnectionRecord, 'sealedKey' | 'keyHint'> {
  if (apiKey === null) return { sealedKey: null, keyHint: null };
  if (vault === null) {
    throw new AppError('unavailable', 'This installation has no vault to keep keys in: VAULT_KEYS is not set.', {
      details: { code: 'vault_not_configured', should_retry: false },
    });
  }
  return { sealedKey: vault.seal(apiKey, sealContext(record)), keyHint: hintOf(apiKey) };
}

function assertUsable({ kind, baseUrl, options }: Pick<ConnectionRecord, 'kind' | 'baseUrl' | 'options'>): void {
  if (kind === 'openai_compatible' && baseUrl === null) {
    throw new AppError('validation_failed', undefined, {
      fields: [{ path: 'base_url', message: 'Expected an address: an openai_compatible server has none of its own.' }],
    });
  }
  const quirks = ProviderSettings.shape.quirks.safeParse(options.quirks ?? {});
  if (!quirks.success) {
    throw new AppError('validation_failed', undefined, {
      fields: quirks.error.issues.map(({ path, message }) => ({
        path: ['options', 'quirks', ...path].map(String).join('.'),
        message,
      })),
    });
  }
}

/** What stands behind a name only the connection tells, and it looks each time. */
function assertReachable(mayConnectTo: ChangeConnectionsDeps['mayConnectTo'], baseUrl: string | null): void {
  if (baseUrl === null || mayConnectTo(baseUrl)) return;
  const message = 'Expected an address of the public internet, or one that the operator allows.';
  throw new AppError('validation_failed', undefined, { fields: [{ path: 'base_url', message }] });
}
