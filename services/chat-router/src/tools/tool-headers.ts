import { AppError } from '@signalbox/errors';
import { VaultError, type Vault } from '@signalbox/vault';

/** The secret headers of a tool as they are kept. */
export interface KeptHeaders {
  header_names: string[];
  /** Null: there are none. */
  sealed_headers: string | null;
}

interface HeaderPlace {
  tenantId: string;
  name: string;
  url: string;
}

/** What is ours to say, or the connection's. */
const taken = new Set([
  ...['accept', 'accept-encoding', 'content-type', 'idempotency-key', 'host', 'connection', 'content-length', 'expect'],
  ...['keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);
/** What is shorter stands in too many texts to be anybody's secret. */
const secretCharactersMin = 6;

/**
 * Seals headers for one tool at one origin: an envelope opens for no other tool, no other tenant and no other origin. Throws
 * `validation_failed` for a header that cannot be chosen, and `unavailable` where there is no vault.
 */
export function sealHeaders(
  vault: Vault | null,
  place: HeaderPlace,
  headers: Readonly<Record<string, string>>,
): KeptHeaders {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (given.length === 0) return noHeaders;
  const names = given.map(([name]) => name);
  const wrong = names.find(
    (name, index) => taken.has(name) || name.startsWith('x-signalbox-') || names.indexOf(name) !== index,
  );
  if (wrong !== undefined) {
    const message = 'Expected a header that is neither set here nor given twice.';
    throw new AppError('validation_failed', undefined, { fields: [{ path: `headers.${wrong}`, message }] });
  }
  if (vault === null) {
    throw new AppError('unavailable', 'This installation has no vault to keep headers in: VAULT_KEYS is not set.', {
      details: { code: 'vault_not_configured', should_retry: false },
    });
  }
  const sealed = vault.seal(JSON.stringify(Object.fromEntries(given)), headerContext(place));
  return { header_names: names.toSorted(), sealed_headers: sealed };
}

const noHeaders: KeptHeaders = { header_names: [], sealed_headers: null };

/** The headers to be sent. Throws `unavailable` where the envelope stays shut, which is told to whoever keeps the log. */
export function openHeaders(
  vault: Vault | null,
  place: HeaderPlace,
  { sealed_headers: sealed }: KeptHeaders,
  unopened: (reason: string) => void,
): Readonly<Record<string, string>> {
  if (sealed === null) return {};
  try {
    if (vault !== null)
      return JSON.parse(vault.open(sealed, headerContext(place)).toString()) as Record<string, string>;
    unopened('no_vault');
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    unopened(error.reason);
  }
  throw new AppError('unavailable', 'The tool’s secret headers cannot be opened.');
}

/** What the vault binds an envelope to. */
export function headerContext({ tenantId, name, url }: HeaderPlace) {
  return { tenantId, purpose: `tool_headers/${name}/${new URL(url).origin}` };
}

/** A text in which a tool repeats none of what it was sent in secret. */
export function withoutSecrets(text: string, headers: Readonly<Record<string, string>>): string {
  let redacted = text;
  for (const value of Object.values(headers)) {
    // `Bearer …`: what comes after the scheme is a secret of its own.
    for (const secret of new Set([value, value.slice(value.lastIndexOf(' ') + 1)])) {
      if (secret.length < secretCharactersMin) continue;
      for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])) {
        redacted = redacted.replaceAll(form, '[redacted]');
      }
    }
  }
  return redacted;
}
