// A closed-loop load generator: each connection sends its next request when the last answer is complete and correct.
// Run as a process of its own, told by one message what to do; answers with one message.
import { IdentityKeys, identityHeader, signIdentity } from '@signalbox/identity';
import { Client } from 'undici';
import { jsonAnswer, streamText } from './answers.ts';

/**
 * What an answer must be: the document, the whole stream, a 503 that the target gives of its own, or a stream whose client
 * leaves at its first bytes.
 */
export type Mode = 'json' | 'sse' | 'refused' | 'left';

export interface Signer {
  identityKeys: string;
  audience: string;
  tenantId: string;
}

export interface LoadOrder {
  origin: string;
  path: string;
  headers: Record<string, string>;
  /** Signs every request as the gateway would, with these keys and for this tenant. */
  signer?: Signer | undefined;
  body: string;
  mode: Mode;
  connections: number;
  warmUpMs: number;
  measureMs: number;
}

export interface LoadResult {
  requests: number;
  /** Answers that were not what the upstream said. One is enough to make the figures worthless. */
  wrong: number;
  firstWrong: string | null;
  requestsPerSecond: number;
  latencyMs: { p50: number; p99: number };
  firstByteMs: { p50: number; p99: number };
}

process.on('message', (order: LoadOrder) => {
  void run(order).then((result) => process.send?.({ kind: 'result', result }));
});

async function run(order: LoadOrder): Promise<LoadResult> {
  const sign = order.signer === undefined ? () => ({}) : signing(order.signer, order.path);
  const latencies: number[] = [];
  const firstBytes: number[] = [];
  let wrong = 0;
  let firstWrong: string | null = null;
  const begin = performance.now() + order.warmUpMs;
  const end = begin + order.measureMs;
  let told = false;

  async function connection(): Promise<void> {
    const client = new Client(order.origin, { pipelining: 1, keepAliveTimeout: 60_000 });
    try {
      for (;;) {
        const started = performance.now();
        if (started >= begin && !told) {
          told = true;
          process.send?.({ kind: 'measuring' });
        }
        if (started >= end) return;
        const outcome = await ask(client, order, sign());
        const ended = performance.now();
        if (outcome.problem !== null) {
          wrong += 1;
          firstWrong ??= outcome.problem;
        }
        if (started >= begin && ended <= end) {
          latencies.push(ended - started);
          firstBytes.push(outcome.firstByteAt - started);
        }
      }
    } finally {
      await client.destroy();
    }
  }

  await Promise.all(Array.from({ length: order.connections }, () => connection()));
  process.send?.({ kind: 'measured' });
  return {
    requests: latencies.length,
    wrong,
    firstWrong,
    requestsPerSecond: (latencies.length * 1000) / order.measureMs,
    latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
    firstByteMs: { p50: quantile(firstBytes, 0.5), p99: quantile(firstBytes, 0.99) },
  };
}

function signing({ identityKeys, audience, tenantId }: Signer, path: string): () => Record<string, string> {
  const keys = IdentityKeys.parse(identityKeys);
  const principal = { kind: 'api_key', principalId: 'key_bench', tenantId, scopes: ['chat:write'] } as const;
  let count = 0;
  return () => {
    count += 1;
    const requestId = `req_${String(process.pid)}_${String(count)}`;
    const binding = { audience, method: 'POST', path };
    return { [identityHeader]: signIdentity(keys, binding, { principal, requestId }) };
  };
}

async function ask(
  client: Client,
  order: LoadOrder,
  signature: Record<string, string>,
): Promise<{ firstByteAt: number; problem: string | null }> {
  let firstByteAt = Number.NaN;
  try {
    const answer = await client.request({
      method: 'POST',
      path: order.path,
      headers: { ...order.headers, ...signature },
      body: order.body,
    });
    const parts: Buffer[] = [];
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      if (parts.length === 0) firstByteAt = performance.now();
      parts.push(part);
      if (order.mode === 'left') break;
    }
    const text = Buffer.concat(parts).toString();
    if (answer.statusCode !== (order.mode === 'refused' ? 503 : 200))
      return { firstByteAt, problem: `status ${String(answer.statusCode)}: ${text.slice(0, 300)}` };
    return { firstByteAt, problem: problems[order.mode](text) };
  } catch (error) {
    return { firstByteAt, problem: error instanceof Error ? error.message : 'unknown failure' };
  }
}

const problems: Record<Mode, (text: string) => string | null> = {
  json: wrongDocument,
  sse: wrongStream,
  refused: (text) => (text.includes('"error"') || text.includes('"error_code"') ? null : `no error: ${text}`),
  left: (text) => (text.startsWith('data: ') ? null : `no beginning of a stream: ${text}`),
};

function wrongDocument(text: string): string | null {
  if (text === jsonAnswer) return null;
  // A peer may serialise again; then the facts must be the same.
  const given = JSON.parse(text) as { choices?: { message?: { content?: string } }[] };
  const expected = JSON.parse(jsonAnswer) as { choices: { message: { content: string } }[] };
  return given.choices?.[0]?.message?.content === expected.choices[0]?.message.content
    ? null
    : `wrong document: ${text.slice(0, 200)}`;
}

function wrongStream(text: string): string | null {
  let said = '';
  let done = false;
  for (const line of text.split('\n')) {
    if (!line.startsWith('data: ')) continue;
    const data = line.slice(6);
    if (data === '[DONE]') done = true;
    else
      said += (JSON.parse(data) as { choices?: { delta?: { content?: string } }[] }).choices?.[0]?.delta?.content ?? '';
  }
  if (said !== streamText) return `wrong stream: ${said.slice(0, 200)}`;
  return done ? null : 'the stream ended without [DONE]';
}

function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
