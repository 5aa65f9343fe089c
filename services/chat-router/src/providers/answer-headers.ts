import type { Dispatcher } from 'undici';
import { headerOf } from './failure.ts';

const carried =
  /^(?:(?:x|anthropic)-ratelimit-(?:[a-z]+-)*(?:limit|remaining|reset)(?:-[a-z-]+)?|openai-processing-ms|openai-version)$/;

/** The provider's headers that mean something to a caller. Its request id travels under a name of its own. */
export function carriedHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name in headers) {
    const value = headerOf(headers, name);
    if (value === null) continue;
    if (name === 'x-request-id' || name === 'request-id') kept['x-provider-request-id'] = value;
    else if (carried.test(name)) kept[name] = value;
  }
  return kept;
}

/** A client is told which of its parameters this provider cannot be told. */
export function withDropped(headers: Record<string, string>, dropped: readonly string[]): Record<string, string> {
  if (dropped.length === 0) return headers;
  const names = dropped.filter((name) => /^[\w.-]{1,64}$/.test(name)).slice(0, 32);
  return { ...headers, 'x-signalbox-dropped': names.join(', ') };
}
