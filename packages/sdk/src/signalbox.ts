import { platform } from '#platform';
import { defaultBreakerPolicy, type BreakerPolicy, type BreakerState } from './calls/breaker.ts';
import { openCaller, type Caller } from './calls/caller.ts';
import { defaultRetryPolicy, type RetryPolicy } from './calls/retry.ts';
import { openAlerts, type Alerts } from './resources/alerts.ts';
import { openCosts, type Costs } from './resources/costs.ts';
import { openDrift, type Drift } from './resources/drift.ts';
import { openEmbeddings, type Embeddings } from './resources/embeddings.ts';
import { openKeys, type Keys } from './resources/keys.ts';
import { openModels, type Models } from './resources/models.ts';
import { openChat, type Chat } from './chat/chat.ts';
import { openDocuments, type Documents } from './documents/documents.ts';
import { openMetrics, type Metrics } from './metrics/metrics.ts';
import type { Transport } from './platform/platform.ts';
import { openResearch, type Research } from './research/research.ts';
import { openSystems, type Systems } from './systems/systems.ts';

export interface SignalboxOptions {
  /** Where the gateway is: `https://signalbox.example`. */
  baseUrl: string | URL;
  /** An API key or an access token, or what gives one; it is asked before every request. */
  apiKey: string | (() => string | Promise<string>);
  /** How long one attempt may take. Default: by operation, a little longer than the mesh itself waits. */
  timeoutMs?: number;
  /** How long all attempts of a call and the waits between them may take together. Default 120,000. */
  deadlineMs?: number;
  retry?: Partial<RetryPolicy>;
  breaker?: Partial<BreakerPolicy>;
  /** Sockets that are kept to the gateway, at most (Node; browsers have a pool of their own). Default 32. */
  connectionsMax?: number;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>>;
  /** In place of the platform's own way to send requests. */
  transport?: Transport;
}

/** A client of one gateway. */
export interface Signalbox extends AsyncDisposable {
  chat: Chat;
  embeddings: Embeddings;
  systems: Systems;
  research: Research;
  documents: Documents;
  metrics: Metrics;
  models: Models;
  drift: Drift;
  alerts: Alerts;
  keys: Keys;
  costs: Costs;
  /** Any operation of `/openapi.json` by its `operationId`, with the same types, retries and breaker. */
  call: Caller['call'];
  /** CLOSED: all is well. OPEN: nothing is sent for a while. HALF_OPEN: one request is finding out. */
  breakerState(): BreakerState['kind'];
  /** Sends what is buffered, once, and closes the connections. What is under way then fails. */
  close(): Promise<void>;
}

/** Opens a client. It connects when it is first used; `close()` it, or hold it with `await using`. */
export function createSignalbox(options: SignalboxOptions): Signalbox {
  const { apiKey, headers = {}, connectionsMax = 32, deadlineMs = 120_000, timeoutMs = null } = options;
  const caller = openCaller({
    baseUrl: new URL(options.baseUrl),
    apiKey: typeof apiKey === 'string' ? () => apiKey : apiKey,
    headers,
    timeoutMs,
    deadlineMs,
    retry: { ...defaultRetryPolicy, ...options.retry },
    breaker: { ...defaultBreakerPolicy, ...options.breaker },
    transport: options.transport ?? platform.openTransport({ connectionsMax }),
    platform,
    onRecovery: () => {
      metrics.recovered();
    },
  });
  const metrics = openMetrics(caller, platform);
  const close = async (): Promise<void> => {
    await metrics.close();
    caller.close();
  };
  return {
    chat: openChat(caller),
    embeddings: openEmbeddings(caller),
    systems: openSystems(caller),
    research: openResearch(caller),
    documents: openDocuments(caller),
    metrics,
    models: openModels(caller),
    drift: openDrift(caller),
    alerts: openAlerts(caller),
    keys: openKeys(caller),
    costs: openCosts(caller),
    call: (operation, given, callOptions) => caller.call(operation, given, callOptions),
    breakerState: () => caller.breakerState(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
