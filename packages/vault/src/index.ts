export { VaultError, type VaultErrorReason } from './vault-error.ts';
export { VaultKeys, type VaultKey } from './vault-keys.ts';
export { createVault, type SealContext, type Vault } from './vault.ts';
