import { isMap, isScalar, isSeq, type Document, type Node } from 'yaml';

const masked = '<secret>';
const secretNames = new Set([
  ...[
    'api_url',
    'slack_api_url',
    'routing_key',
    'service_key',
    'api_key',
    'api_secret',
    'auth_password',
    'auth_secret',
  ],
  ...[
    'smtp_auth_password',
    'smtp_auth_secret',
    'opsgenie_api_key',
    'victorops_api_key',
    'wechat_api_secret',
    'password',
  ],
  ...['credentials', 'bearer_token', 'client_secret', 'token', 'user_key', 'bot_token', 'rocketchat_token', 'secrets'],
  ...['rocketchat_token_id', 'mattermost_webhook_url', 'telegram_bot_token', 'slack_app_token', 'webhook_url', 'key'],
]);

/** Replaces every secret of a configuration in place, so that it may be shown, and still be read as one. */
export function maskSecrets(document: Document): void {
  mask(document.contents, []);
}

function mask(node: Node | null, path: readonly string[]): void {
  if (isSeq(node)) for (const item of node.items) mask(item as Node | null, path);
  if (!isMap(node)) return;
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (secretNames.has(name)) maskAll(value as Node | null);
    // An address may carry a token in its path; the origin stays, so that older readers still find a URL.
    else if (name === 'url' && path.includes('webhook_configs') && isScalar(value))
      value.value = originOf(String(value.value));
    else mask(value as Node | null, [...path, name]);
  }
}

function maskAll(node: Node | null): void {
  if (isScalar(node)) node.value = masked;
  else if (isSeq(node)) for (const item of node.items) maskAll(item as Node | null);
}

function originOf(address: string): string {
  const url = URL.parse(address);
  if (url === null) return masked;
  return url.pathname === '/' && url.search === '' && url.username === '' ? address : `${url.origin}/${masked}`;
}
