import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePorts, isPortFree } from './free-ports.ts';
import { openHome, type Home } from './home.ts';
import { endLeftovers } from './leftovers.ts';
import { prepareDatabase } from './prepare-database.ts';
import { ensureSecret, ensureSigningKeys } from './secrets.ts';
import {
  services as allServices,
  settingsFor,
  systemSettings,
  type MeshFacts,
  type ServiceDefinition,
} from './services.ts';
import { startService, type MeshService } from './start-service.ts';
import { startStores, type Stores, type StoreUrls } from './start-stores.ts';
import { silent, type Tell } from './tell.ts';

export interface StartMeshOptions extends StoreUrls {
  /** Where everything of this mesh lies. Absent: a temporary folder, which goes with the mesh. */
  home?: string;
  /** Where Redis is looked for and fetched to. Default `.signalbox/tools` in the checkout. */
  toolsFolder?: string;
  /** Run the sources as they are (the default) or what `npm run build` made of them. */
  from?: 'source' | 'dist';
  /** Default: any free one. */
  gatewayPort?: number;
  /** Default 1. */
  gatewayReplicas?: number;
  /** Of services behind the gateway, by their names: `{ 'chat-router': 2 }`. Default: one of each. */
  replicas?: Readonly<Record<string, number>>;
  /** Of these variables each service gets those that are meant for it. Default: none. */
  environment?: NodeJS.ProcessEnv;
  /** From where a relative file name in `environment` is meant. Default: the working directory. */
  relativeTo?: string;
  /** Variables for one service (or one replica) by its name, over all others: `{ gateway: { LIMITS_FILE: '…' } }`. */
  overrides?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  tell?: Tell;
  /** Gives up starting, and stops what has started. */
  signal?: AbortSignal;
  /** Hears the addresses before anything runs there. */
  onAddresses?: (addresses: MeshAddresses) => void;
  /** Another table of services, and where their folders are: for the tests of this package. */
  services?: readonly ServiceDefinition[];
  servicesFolder?: string;
}

export interface MeshAddresses {
  gatewayUrl: string;
  gatewayUrls: readonly string[];
  /** The superuser's: it sees every service's schema. */
  postgresUrl: string;
  redisUrl: string;
  chromaUrl: string | null;
  adminKeyFile: string;
}

export interface Mesh extends AsyncDisposable, MeshAddresses {
  services: Readonly<Record<string, MeshService>>;
  /** The mesh's own stores, which may be killed and frozen. */
  stores: Stores['servers'];
  /** The first admin's API key; `null` when it was made earlier and its file is gone. */
  adminKey: string | null;
}

/** One process that is to be: a service, or a replica of it. */
interface Slot {
  name: string;
  definition: ServiceDefinition;
  port: number;
  adminPort: number;
}

const checkout = resolve(import.meta.dirname, '../../..');
/** With the stores' 5 s on top this stays within 15 s. */
const stopGraceMs = 4_500;

/**
 * Starts stores, makes room in Postgres, migrates, starts every service and waits until all are ready. What has started
 * is stopped when a later step fails. Disposing stops the gateways, then the other services, then the stores.
 */
export async function startMesh(options: StartMeshOptions = {}): Promise<Mesh> {
  const { tell = silent, gatewayReplicas = 1, services = allServices } = options;
  // The first failure ends the others' waiting.
  const failure = new AbortController();
  const signal = AbortSignal.any([failure.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const temporary = options.home === undefined;
  const home = openHome(options.home ?? mkdtempSync(join(tmpdir(), 'signalbox-mesh-')));
  await using started = new AsyncDisposableStack();
  if (temporary) {
    started.defer(() => {
      rmSync(home.folder, { recursive: true, force: true });
    });
  }
  await endLeftovers(home.processes);

  const stores = started.use(
    await startStores({
      ...options,
      home,
      env: process.env,
      toolsFolder: options.toolsFolder ?? join(checkout, '.signalbox/tools'),
      keepData: !temporary,
      passwords: true,
      tell,
    }),
  );
  signal.throwIfAborted();
  const database = await prepareDatabase({
    postgresUrl: stores.postgresUrl,
    isOurs: options.postgresUrl === undefined,
    services,
    secretsFolder: home.secrets,
  });
  const replicas = { ...options.replicas, gateway: gatewayReplicas };
  const slots = await assignPorts(services, replicas, options.gatewayPort);
  const slotsOf = (service: string): Slot[] => slots.filter(({ definition }) => definition.name === service);
  const gatewayUrls = slotsOf('gateway').map(urlOf);
  const addresses: MeshAddresses = {
    gatewayUrl: gatewayUrls[0] ?? '',
    gatewayUrls,
    postgresUrl: database.superuserUrl,
    redisUrl: stores.redisQueueUrl,
    chromaUrl: stores.chromaUrl,
    adminKeyFile: home.adminKeyFile,
  };
  options.onAddresses?.(addresses);

  const slotOf = (name: string): Slot => {
    const slot = slots.find((candidate) => candidate.name === name);
    if (slot === undefined) throw new Error(`The mesh has no service ${name}.`);
    return slot;
  };
  const facts: MeshFacts = {
    urlOf: (name) => urlOf(slotOf(name)),
    urlsOf: (name) => slotsOf(name).map(urlOf),
    adminUrlsOf: (name) => slotsOf(name).map(adminUrlOf),
    signingKeysFile: ensureSigningKeys(home.secrets),
    secret: (name) => ensureSecret(home.secrets, name),
    gatewayReplicas,
    filesFolder: join(home.folder, 'files'),
    chromaUrl: stores.chromaUrl,
  };
  const environmentOf = ({ name, definition, port, adminPort }: Slot): Record<string, string> => ({
    NODE_ENV: 'production',
    OTEL_SERVICE_NAME: definition.name,
    SHUTDOWN_GRACE_MS: String(stopGraceMs - 500),
    ...definition.environment(facts),
    ...systemSettings(process.env),
    ...settingsFor(definition, options.environment ?? {}, options.relativeTo ?? process.cwd()),
    HOST: '127.0.0.1',
    PORT: String(port),
    ADMIN_PORT: String(adminPort),
    DATABASE_URL: database.urlFor(definition, 'app'),
    REDIS_QUEUE_URL: stores.redisQueueUrl,
    REDIS_CACHE_URL: stores.redisCacheUrl,
    IDENTITY_KEYS: [definition.name, ...definition.calls]
      .map((audience) => `${audience}:1:${ensureSecret(home.secrets, `identity-${audience}`)}`)
      .join(','),
    ...options.overrides?.[definition.name],
    ...(name === definition.name ? {} : options.overrides?.[name]),
  });
  const program = programs(options);

  await tell.timing('Migrations are applied', () =>
    all(
      services.map((definition) =>
        runToEnd(program(definition, 'migrate'), `${definition.name} migrate`, signal, {
          ...environmentOf(slotOf(definition.name)),
          MIGRATION_DATABASE_URL: database.urlFor(definition, 'owner'),
        }),
      ),
      failure,
    ),
  );

  const running = new Map<string, MeshService>();
  started.defer(async () => {
    const isGateway = ({ name }: MeshService) => slotOf(name).definition.name === 'gateway';
    const all = [...running.values()];
    for (const group of [all.filter(isGateway), all.filter((service) => !isGateway(service))]) {
      await Promise.all(group.map((service) => service[Symbol.asyncDispose]()));
    }
  });
  await all(
    slots.map((slot) =>
      tell.timing(`${slot.name} is ready`, async () => {
        const service = await startService({
          ...program(slot.definition, 'main'),
          name: slot.name,
          url: urlOf(slot),
          adminUrl: adminUrlOf(slot),
          env: environmentOf(slot),
          logFile: home.logFile(slot.name),
          recordFolder: home.processes,
          stopGraceMs,
          signal,
        });
        running.set(service.name, service);
      }),
    ),
    failure,
  );
  const gateway = slotOf('gateway');
  const adminKey = await ensureAdminKey(home, () =>
    runToEnd(program(gateway.definition, 'create-admin'), 'gateway create-admin', signal, environmentOf(gateway)),
  );

  const owned = started.move();
  return {
    ...addresses,
    services: inOrderOf(slots, running),
    stores: stores.servers,
    adminKey,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function inOrderOf(slots: readonly Slot[], running: ReadonlyMap<string, MeshService>): Record<string, MeshService> {
  return Object.fromEntries(
    slots.flatMap(({ name }) => {
      const service = running.get(name);
      return service === undefined ? [] : [[name, service]];
    }),
  );
}

/** The first gateway gets the wanted port; its replicas the next ones, where those are free. */
async function assignPorts(
  services: readonly ServiceDefinition[],
  replicas: Readonly<Record<string, number>>,
  gatewayPort: number | undefined,
): Promise<Slot[]> {
  const names = services.flatMap((definition) =>
    Array.from({ length: replicas[definition.name] ?? 1 }, (_, index) => ({
      name: index === 0 ? definition.name : `${definition.name}-${String(index + 1)}`,
      definition,
    })),
  );
  const free = await freePorts(names.length * 2);
  const slots = names.map((slot, index): Slot => ({
    ...slot,
    port: free[index * 2] ?? 0,
    adminPort: free[index * 2 + 1] ?? 0,
  }));
  if (gatewayPort === undefined) return slots;
  let next = gatewayPort;
  for (const slot of slots.filter(({ definition }) => definition.name === 'gateway')) {
    if (slot.name === 'gateway' || (await isPortFree(next))) slot.port = next;
    next += 1;
  }
  return slots;
}

interface Program {
  command: string;
  args: string[];
  cwd: string;
}

function programs({ from = 'source', servicesFolder = join(checkout, 'services') }: StartMeshOptions) {
  return (definition: ServiceDefinition, entry: 'main' | 'migrate' | 'create-admin'): Program => {
    const cwd = join(servicesFolder, definition.name);
    return {
      command: process.execPath,
      args: [
        ...(from === 'source' ? ['--conditions=@signalbox/source'] : []),
        ...['--import', '@signalbox/telemetry/register'],
        join(cwd, from === 'source' ? `src/${entry}.ts` : `dist/src/${entry}.js`),
      ],
      cwd,
    };
  };
}

/** Runs a program that ends by itself; gives what it printed. */
async function runToEnd(
  program: Program,
  name: string,
  signal: AbortSignal,
  env: Record<string, string>,
): Promise<string> {
  try {
    const { command, args, cwd } = program;
    const { stdout } = await promisify(execFile)(command, args, {
      cwd,
      env,
      signal,
      timeout: 300_000,
      maxBuffer: 64 * 2 ** 20,
    });
    return stdout;
  } catch (error) {
    signal.throwIfAborted();
    const { stdout = '', stderr = '' } = error as ExecFileException;
    const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-10).join('\n');
    throw new Error(`${name} failed:\n${lines}`, { cause: error });
  }
}

/** Opens the first tenant once and keeps its key; afterwards reads it. */
async function ensureAdminKey({ adminKeyFile }: Home, createAdmin: () => Promise<string>): Promise<string | null> {
  const made = (await createAdmin()).trim();
  if (made !== '') {
    const unfinished = `${adminKeyFile}.new`;
    writeFileSync(unfinished, `${made}\n`, { mode: 0o600 });
    renameSync(unfinished, adminKeyFile);
    return made;
  }
  return existsSync(adminKeyFile) ? readFileSync(adminKeyFile, 'utf8').trim() : null;
}

/**
 * Waits for all to settle before it throws the first failure, so that nothing goes on behind the back of who cleans up;
 * `failure` tells the others that their work is in vain.
 */
async function all(work: readonly Promise<unknown>[], failure: AbortController): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(
    work.map((promise) =>
      promise.catch((error: unknown) => {
        failures.push(error);
        failure.abort(error);
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}

function urlOf({ port }: Slot): string {
  return `http://127.0.0.1:${String(port)}`;
}

function adminUrlOf({ adminPort }: Slot): string {
  return `http://127.0.0.1:${String(adminPort)}`;
}
