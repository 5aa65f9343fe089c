import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMesh, type Mesh, type MeshService, type StartMeshOptions } from '@signalbox/local';
import { flawsOf } from './refusal.ts';

export interface OpenMeshOptions extends Pick<
  StartMeshOptions,
  'gatewayReplicas' | 'replicas' | 'overrides' | 'environment'
> {
  /** Lines of the providers file; an OpenAI-compatible upstream where no `kind` is said. */
  providers?: readonly {
    name: string;
    baseUrl?: string;
    models: readonly string[];
    kind?: string;
    apiKeyEnv?: string;
    /** What else the file says of it, in the file's words. */
    more?: object;
  }[];
  /** What the providers file says besides, in its words: `aliases`, `resilience`. */
  routing?: object;
  /** What LIMITS_FILE holds. Default: the one that is shipped. */
  limits?: object;
}

/** Limits that no test meets by accident. */
export const wideLimits = {
  classes: {
    default: {
      requests: { limit: 1_000_000, window_seconds: 60, algorithm: 'sliding_window' },
      cost_units: 1,
      on_outage: 'local',
    },
  },
  principal: {},
  tenant: {},
  refused_credentials: { limit: 1_000_000, window_seconds: 60 },
} as const;

export interface Answer {
  status: number;
  headers: Headers;
  // What an answer holds is what each test asserts.
  body: Record<string, unknown>;
  text: string;
}

export interface Ask {
  method?: string;
  key?: string | null;
  body?: unknown;
  /** The bytes of the body, in place of `body`; what they are is for `headers` to say. */
  raw?: string | Buffer;
  headers?: Record<string, string>;
  /** Default: the first gateway. */
  gateway?: number;
}

/** The whole body; of a stream that goes on for ever nothing. */
async function textOf(path: string, answer: Response): Promise<string> {
  if (!answer.ok || !path.startsWith('/api/v1/alerts/events')) return answer.text();
  await answer.body?.cancel();
  return '';
}

/** A mesh of real processes, asked from outside as its users ask it. */
export interface OpenedMesh extends AsyncDisposable {
  mesh: Mesh;
  adminKey: string;
  /**
   * Asks, and throws for an answer of 400 or above that is not what every refusal of the mesh promises to be (see
   * `flawsOf`).
   */
  ask(path: string, ask?: Ask): Promise<Answer>;
  service(name: string): MeshService;
  /** What the outside must never be told: where the services and stores are. */
  inner: readonly string[];
  /** The sum of a metric's series on a service's admin port whose labels hold `labels`; null when there is none. */
  metric(service: string, name: string, labels?: string): Promise<number | null>;
  /** A new key, made through the API. */
  createKey(input?: {
    scopes?: string[];
    limits?: object;
    name?: string;
    key?: string;
  }): Promise<{ id: string; key: string }>;
}

/** Starts stores of its own, services and gateway replicas, and gives them up together. */
export async function openMesh(options: OpenMeshOptions = {}): Promise<OpenedMesh> {
  await using cleanUp = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-e2e-'));
  cleanUp.defer(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const providersFile = join(folder, 'providers.yaml');
  writeFileSync(providersFile, providersYaml(options.providers ?? [], options.routing));
  const limitsFile = join(folder, 'limits.yaml');
  if (options.limits !== undefined) writeFileSync(limitsFile, JSON.stringify(options.limits));
  const mesh = cleanUp.use(
    await startMesh({
      gatewayReplicas: options.gatewayReplicas ?? 1,
      replicas: options.replicas ?? {},
      overrides: {
        ...options.overrides,
        gateway: {
          ...(options.limits === undefined ? {} : { LIMITS_FILE: limitsFile }),
          ...options.overrides?.['gateway'],
        },
        'chat-router': { PROVIDERS_FILE: providersFile, ...options.overrides?.['chat-router'] },
      },
      ...(options.environment === undefined ? {} : { environment: options.environment }),
    }),
  );
  const { adminKey } = mesh;
  if (adminKey === null) throw new Error('the first start made no admin key');
  const owned = cleanUp.move();

  function service(name: string): MeshService {
    const found = mesh.services[name];
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }
  const inner = Object.values(mesh.services)
    .flatMap(({ name, url, adminUrl }) => (name.startsWith('gateway') ? [adminUrl] : [url, adminUrl]))
    .concat(mesh.postgresUrl, mesh.redisUrl, mesh.chromaUrl ?? [])
    .map((url) => new URL(url).port)
    .flatMap((port) => [`:${port}`, `port ${port}`])
    .concat('127.0.0.1', 'localhost');

  async function ask(
    path: string,
    { method, key = adminKey, body, raw, headers = {}, gateway = 0 }: Ask = {},
  ): Promise<Answer> {
    const answer = await fetch(new URL(path, mesh.gatewayUrls[gateway]), {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(raw === undefined ? {} : { body: raw }),
      redirect: 'manual',
    });
    const text = await textOf(path, answer);
    const contentType = answer.headers.get('content-type');
    const json = contentType !== null && /[/+]json\b/.test(contentType) && text !== '';
    // How it is is said with 503, too, and in a shape of its own.
    const refused = answer.status >= 400 && !(answer.status === 503 && path.includes('/health'));
    if (refused && method !== 'HEAD') {
      const requestId = answer.headers.get('x-request-id');
      const flaws = flawsOf({ path, status: answer.status, contentType, requestId, text }, inner);
      if (flaws.length > 0)
        throw new Error(`${path} answers ${String(answer.status)} with ${flaws.join(', ')}: ${text}`);
    }
    return {
      status: answer.status,
      headers: answer.headers,
      body: json ? (JSON.parse(text) as Record<string, unknown>) : {},
      text,
    };
  }

  return {
    mesh,
    adminKey,
    ask,
    service,
    inner,
    async metric(name, metric, labels = '') {
      const text = await (await fetch(`${service(name).adminUrl}/metrics`)).text();
      const series = text
        .split('\n')
        .filter((line) => (line.startsWith(`${metric}{`) || line.startsWith(`${metric} `)) && line.includes(labels));
      return series.length === 0 ? null : series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
    async createKey({ scopes = ['*'], limits, name = 'test', key } = {}) {
      const answer = await ask('/api/v1/api-keys', {
        ...(key === undefined ? {} : { key }),
        body: { name, scopes, ...(limits === undefined ? {} : { limits }) },
      });
      if (answer.status !== 201) throw new Error(`no key: ${String(answer.status)} ${answer.text}`);
      return { id: String(answer.body['id']), key: String(answer.body['key']) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function providersYaml(providers: NonNullable<OpenMeshOptions['providers']>, routing: object = {}): string {
  return JSON.stringify({
    ...routing,
    providers: providers.map(({ name, baseUrl, models, kind = 'openai_compatible', apiKeyEnv, more = {} }) => ({
      name,
      kind,
      base_url: baseUrl,
      models,
      api_key_env: apiKeyEnv,
      ...more,
    })),
  });
}
