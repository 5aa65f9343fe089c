import type { ConnectionOptions, ProviderKind } from '@signalbox/contracts';

/** What a tenant has connected, as it is kept. */
export interface ConnectionRecord {
  id: string;
  tenantId: string;
  name: string;
  kind: ProviderKind;
  /** Null: the provider's own. */
  baseUrl: string | null;
  /** The key in an envelope of the vault; null: there is none. */
  sealedKey: string | null;
  /** The last characters of the key; null: it is too short to show any. */
  keyHint: string | null;
  models: readonly string[];
  options: ConnectionOptions;
  /** Grows with every change: instances of another version are of no use. */
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** A server of somebody's own may ask for no key; the vendors do. */
export function needsKey({ kind }: Pick<ConnectionRecord, 'kind'>): boolean {
  return kind !== 'openai_compatible';
}

/** What the vault binds a key to: the tenant, and this connection of it. */
export function sealContext({ tenantId, id }: Pick<ConnectionRecord, 'tenantId' | 'id'>) {
  return { tenantId, purpose: `provider_connection/${id}` };
}

/** Enough to recognise a key by, and too little to guess it from. */
export function hintOf(apiKey: string): string | null {
  return apiKey.length < 16 ? null : `…${apiKey.slice(-4)}`;
}
