import type { IncomingHttpHeaders } from 'node:http';
import { bearerToken } from '@signalbox/identity';

/** What a request shows of itself, before anybody was asked whether it is true. */
export type ShownCredential =
  | { kind: 'none' }
  | { kind: 'api_key'; key: string }
  | { kind: 'access_token' }
  | { kind: 'unusable'; reason: 'in_query' | 'several' | 'malformed'; sentence: string };

/** Parameter names under which clients are used to send credentials, and the beginnings of ours. */
const credentialName = /^(x[-_])?(api[-_]?key|access[-_]token|authorization)$/i;
const credentialValue = /^(sbx_|sbr_)/;

/**
 * Finds the credential of a request: `Authorization: Bearer` or `X-API-Key`, or both when they are the same. Two different
 * ones are refused, for whoever chose between them could be fooled; so is one in the query string, which ends in logs,
 * histories and `Referer` headers.
 */
export function readCredential({ headers, url }: { headers: IncomingHttpHeaders; url: string }): ShownCredential {
  if (queryHoldsCredential(url)) {
    return {
      kind: 'unusable',
      reason: 'in_query',
      sentence:
        'Credentials are not accepted in a query string. Send the header Authorization or X-API-Key, and replace a key that stood in a URL.',
    };
  }
  const { authorization } = headers;
  const apiKey = headers['x-api-key'];
  if (authorization === undefined && apiKey === undefined) return { kind: 'none' };
  const token = bearerToken(headers);
  if ((authorization !== undefined && token === null) || Array.isArray(apiKey) || apiKey === '') {
    return {
      kind: 'unusable',
      reason: 'malformed',
      sentence: 'The credentials must read `Authorization: Bearer <key or token>` or `X-API-Key: <key>`.',
    };
  }
  if (token !== null && apiKey !== undefined && token !== apiKey) {
    return {
      kind: 'unusable',
      reason: 'several',
      sentence: 'Authorization and X-API-Key hold different credentials. Send one of them.',
    };
  }
  if (apiKey !== undefined) return { kind: 'api_key', key: apiKey };
  return token?.startsWith('sbx_') === true ? { kind: 'api_key', key: token } : { kind: 'access_token' };
}

function queryHoldsCredential(url: string): boolean {
  const start = url.indexOf('?');
  if (start < 0) return false;
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    if (credentialName.test(name) || credentialValue.test(value)) return true;
  }
  return false;
}
