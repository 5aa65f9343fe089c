/** Phrases that only an inner part of the mesh would say: a stack, a database, a refused connection, a file of ours. */
const innerPhrases: readonly RegExp[] = [
  /\n\s+at /,
  /node_modules|\.[cm]?[jt]s:\d+/,
  /\/work\/|\/services\/[a-z-]+\/|\/packages\//,
  /ECONN|ENOTFOUND|ETIMEDOUT|EPIPE|socket hang up/,
  /syntax error at|invalid input syntax|violates .* constraint|duplicate key value|relation "|column "|SQLSTATE|kysely/i,
  /WRONGTYPE|NOSCRIPT|ioredis|bullmq/i,
  /TypeError|RangeError|ReferenceError|SyntaxError|ZodError|undefined is not|Cannot read propert/,
];

const problemMembers = ['type', 'title', 'detail', 'instance', 'error_code', 'request_id'];

export interface Refusal {
  /** The path asked for: those under `/v1/` speak a vendor's shape. */
  path: string;
  status: number;
  contentType: string | null;
  requestId: string | null;
  text: string;
}

/**
 * What is wrong with an answer of 400 and above: it must be a whole problem document (RFC 9457), or the vendor's error on
 * `/v1/*`, carry the request's id, and tell nothing of what is inside. `inner`: texts that only the inside knows, such as
 * the ports of the services.
 */
export function flawsOf({ path, status, contentType, requestId, text }: Refusal, inner: readonly string[]): string[] {
  const flaws: string[] = [];
  if (requestId === null || requestId === '') flaws.push('no x-request-id');
  // Alertmanager has no word for a silence that is not there.
  if (status === 404 && text === '' && /^\/alertmanager\/.*\/silence\//.test(path)) return flaws;
  let body: Record<string, unknown> = {};
  let isText = false;
  try {
    const parsed = JSON.parse(text) as Record<string, unknown> | string;
    if (typeof parsed === 'string') isText = parsed !== '';
    else body = parsed;
  } catch {
    flaws.push('a body that is no JSON');
  }
  if (contentType === 'application/problem+json') {
    for (const name of problemMembers)
      if (typeof body[name] !== 'string' || (body[name] === '' && name !== 'instance')) flaws.push(`no ${name}`);
    if (body['status'] !== status) flaws.push(`status ${String(body['status'])} in the body`);
    if (body['request_id'] !== requestId) flaws.push(`request_id ${String(body['request_id'])} in the body`);
  } else if (contentType === 'application/json' && /^\/v1\/(metrics|traces)\b/.test(path)) {
    // OTLP's Status.
    const { code, message } = body;
    if (typeof code !== 'number') flaws.push('no code');
    if (typeof message !== 'string' || message === '') flaws.push('no message');
  } else if (contentType === 'application/json' && path.startsWith('/alertmanager/')) {
    // Alertmanager's: a text for what it means, `{code, message}` for its form.
    const { code, message } = body;
    if (!isText && (typeof code !== 'number' || typeof message !== 'string' || message === ''))
      flaws.push('no message');
  } else if (contentType === 'application/json' && path.startsWith('/v1/messages')) {
    // Anthropic's shape.
    const { message, type } = (body['error'] ?? {}) as Record<string, unknown>;
    if (body['type'] !== 'error') flaws.push('no type of error');
    if (typeof message !== 'string' || message === '') flaws.push('no error.message');
    if (typeof type !== 'string') flaws.push('no error.type');
    if (body['request_id'] !== requestId) flaws.push(`request_id ${String(body['request_id'])} in the body`);
  } else if (contentType === 'application/json' && path.startsWith('/v1/')) {
    const { message, type, param, code } = (body['error'] ?? {}) as Record<string, unknown>;
    if (typeof message !== 'string' || message === '') flaws.push('no error.message');
    if (typeof type !== 'string') flaws.push('no error.type');
    if (param === undefined || code === undefined) flaws.push('no error.param or error.code');
  } else flaws.push(`content type ${String(contentType)}`);
  // What the client sent comes back in `instance`, and is no news to it.
  const told = isText ? text : JSON.stringify({ ...body, instance: '' });
  for (const phrase of innerPhrases) {
    const found = phrase.exec(told) ?? phrase.exec(told.replaceAll('\\n', '\n'));
    if (found !== null) flaws.push(`tells ${JSON.stringify(found[0])}`);
  }
  for (const word of inner) if (told.includes(word)) flaws.push(`tells ${word}`);
  return flaws;
}
