import { parse } from 'yaml';
import { z } from 'zod';
import type { RepositoryFile } from './repository-files.ts';

const Mount = z.union([z.string(), z.looseObject({ source: z.string() })]);
const Named = z.record(z.string(), z.looseObject({ file: z.string().optional() }).nullable());

/** Of the compose specification what we use; a key that is not here is a slip of the pen or worth a line here. */
const ComposeService = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.literal('.'), dockerfile: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  profiles: z.array(z.string()).optional(),
  user: z.string().optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  logging: z.strictObject({ driver: z.string() }).optional(),
  restart: z.enum(['no', 'unless-stopped']),
  stop_grace_period: z.string().optional(),
  shm_size: z.string().optional(),
  pids_limit: z.int().optional(),
  deploy: z.strictObject({
    replicas: z.union([z.int(), z.string()]).optional(),
    resources: z.strictObject({ limits: z.strictObject({ cpus: z.string(), memory: z.string() }) }),
  }),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  secrets: z.array(Mount).default([]),
  configs: z.array(Mount).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z
    .record(z.string(), z.strictObject({ condition: z.enum(['service_healthy', 'service_completed_successfully']) }))
    .default({}),
  healthcheck: z
    .union([
      z.strictObject({ disable: z.literal(true) }),
      z.strictObject({
        test: z.array(z.string()).min(2),
        interval: z.string(),
        timeout: z.string(),
        retries: z.int(),
        start_period: z.string().optional(),
      }),
    ])
    .optional(),
});
type ComposeService = z.infer<typeof ComposeService>;

const Compose = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), ComposeService),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean().optional() })),
  volumes: Named,
  configs: Named,
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
});
type Compose = z.infer<typeof Compose>;

const composeFile = 'docker-compose.yml';
// Node reads the first itself; the names of providers' keys are chosen in the providers file.
const notRead = /^NODE_OPTIONS$|^OTEL_|_API_KEY_FILE$/;
// What publishes a port: the one door, and what only who asks for its profile gets.
const doors = new Set(['gateway', 'grafana', 'nginx']);
const secretName = /PASSWORD|SECRET|(^|_)KEYS?($|_)|TOKEN_SIGNING|DATABASE_URL|REDIS_\w+_URL/;

/**
 * What is wrong with `docker-compose.yml` and the Dockerfiles, one line for each. It is no compose engine: it knows the
 * keys that we use, that names lead somewhere, and what every container of ours must be.
 */
export function containerProblems(files: readonly RepositoryFile[], madeSecrets: readonly string[]): string[] {
  const dockerfiles = files.filter(({ path }) => path.endsWith('/Dockerfile'));
  const compose = files.find(({ path }) => path === composeFile);
  if (compose === undefined) return [`${composeFile} is not there`];
  const parsed = Compose.safeParse(withoutExtensions(parse(compose.text, { merge: true })));
  if (!parsed.success) {
    return parsed.error.issues.map((issue) => `${composeFile}: ${issue.path.join('.')}: ${issue.message}`);
  }
  return [
    ...Object.entries(parsed.data.services).flatMap(([name, service]) => [
      ...hardeningProblems(name, service),
      ...nameProblems(name, service, parsed.data),
      ...environmentProblems(name, service, files),
      ...waitProblems(name, service, parsed.data, dockerfiles),
    ]),
    ...secretProblems(parsed.data, madeSecrets),
    ...missingServices(parsed.data, files),
    ...dockerfiles.flatMap(dockerfileProblems),
  ];
}

function withoutExtensions(document: unknown): unknown {
  if (typeof document !== 'object' || document === null) return document;
  return Object.fromEntries(Object.entries(document).filter(([key]) => !key.startsWith('x-')));
}

function hardeningProblems(name: string, service: ComposeService): string[] {
  const problems: string[] = [];
  const tell = (problem: string): void => void problems.push(`${composeFile}: ${name}: ${problem}`);
  if (service.read_only !== true) tell('the root file system must be read_only');
  if (service.cap_drop?.includes('ALL') !== true) tell('cap_drop must be [ALL]');
  if (service.security_opt?.includes('no-new-privileges:true') !== true) tell('set no-new-privileges:true');
  if (service.tmpfs?.includes('/tmp') !== true) tell('/tmp must be a tmpfs');
  if (service.pids_limit === undefined) tell('set pids_limit');
  if (/:latest$|^[^:]+$/.test(service.image)) tell(`${service.image} names no version`);
  if (service.image.startsWith('signalbox/') && service.user !== '10001:10001') tell('our images run as 10001:10001');
  if (service.ports.some((port) => !port.startsWith('127.0.0.1:'))) tell('publish ports on 127.0.0.1 only');
  if (service.ports.length > 0 && !doors.has(name)) tell('only the gateway publishes a port');
  if (name !== 'gateway' && service.ports.length > 0 && service.profiles === undefined)
    tell('a second door has a profile');
  return problems;
}

function nameProblems(name: string, service: ComposeService, compose: Compose): string[] {
  const used = [
    ...service.networks.map((network) => ({ kind: 'networks' as const, name: network })),
    ...service.secrets.map((secret) => ({ kind: 'secrets' as const, name: sourceOf(secret) })),
    ...service.configs.map((config) => ({ kind: 'configs' as const, name: sourceOf(config) })),
    ...service.volumes
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((volume) => !/^[./]/.test(volume))
      .map((volume) => ({ kind: 'volumes' as const, name: volume })),
    ...Object.keys(service.depends_on).map((other) => ({ kind: 'services' as const, name: other })),
  ];
  return used
    .filter((use) => !(use.name in compose[use.kind]))
    .map((use) => `${composeFile}: ${name}: ${use.kind} has no ${use.name}`);
}

function sourceOf(mount: z.infer<typeof Mount>): string {
  return typeof mount === 'string' ? mount : mount.source;
}

function environmentProblems(name: string, service: ComposeService, files: readonly RepositoryFile[]): string[] {
  const problems: string[] = [];
  const mounted = new Set(service.secrets.map(sourceOf));
  const workspace = /^services\/([^/]+)\//.exec(service.build?.dockerfile ?? '')?.[1];
  const sources = files.filter(({ path }) => workspace !== undefined && path.startsWith(`services/${workspace}/src/`));
  for (const [variable, value] of Object.entries(service.environment)) {
    const isFile = variable.endsWith('_FILE');
    if (secretName.test(variable) && !isFile) problems.push(`${variable} is a secret: give it as ${variable}_FILE`);
    const secret = /^\/run\/secrets\/(.*)$/.exec(value)?.[1];
    if (secret !== undefined && !mounted.has(secret))
      problems.push(`${variable} names ${secret}, which is not mounted`);
    const read = new RegExp(`\\b(${variable}|${variable.replace(/_FILE$/, '')})\\b`);
    const known = notRead.test(variable) || sources.length === 0 || sources.some(({ text }) => read.test(text));
    if (!known) problems.push(`${workspace ?? name} reads no ${variable}`);
  }
  return problems.map((problem) => `${composeFile}: ${name}: ${problem}`);
}

/** Who waits for a healthy other waits for ever when nothing tells its health. */
function waitProblems(
  name: string,
  service: ComposeService,
  compose: Compose,
  dockerfiles: readonly RepositoryFile[],
): string[] {
  return Object.entries(service.depends_on).flatMap(([other, { condition }]) => {
    const awaited = compose.services[other];
    if (awaited === undefined) return [];
    if (condition === 'service_completed_successfully') {
      return awaited.restart === 'no'
        ? []
        : [`${composeFile}: ${name}: waits for the end of ${other}, which never ends`];
    }
    const dockerfile = dockerfiles.find(({ path }) => path === awaited.build?.dockerfile);
    const tells =
      awaited.healthcheck === undefined
        ? dockerfile?.text.includes('HEALTHCHECK') === true
        : 'test' in awaited.healthcheck;
    return tells ? [] : [`${composeFile}: ${name}: waits for ${other} to be healthy, which has no healthcheck`];
  });
}

function secretProblems(compose: Compose, madeSecrets: readonly string[]): string[] {
  const uses = Object.values(compose.services).flatMap((service) => service.secrets.map(sourceOf));
  return Object.entries(compose.secrets).flatMap(([name, { file }]) => [
    ...(uses.includes(name) ? [] : [`${composeFile}: nobody uses the secret ${name}`]),
    ...(madeSecrets.includes(file) ? [] : [`${composeFile}: infra/compose/make-secrets.js makes no ${file}`]),
  ]);
}

function missingServices(compose: Compose, files: readonly RepositoryFile[]): string[] {
  const owners = files.flatMap(({ path }) => /^services\/([^/]+)\/package\.json$/.exec(path)?.[1] ?? []);
  return owners
    .filter((owner) => compose.services[owner]?.build?.dockerfile !== `services/${owner}/Dockerfile`)
    .map((owner) => `${composeFile}: services/${owner} is not in it`);
}

function dockerfileProblems({ path, text }: RepositoryFile): string[] {
  const wanted: [RegExp, string][] = [
    [/^FROM \S+ AS build$/m, 'build in one stage and ship another'],
    [/^FROM node:24-[a-z]+-slim$/m, 'ship on node:24-…-slim'],
    [/--frozen-lockfile/, 'install with --frozen-lockfile'],
    [/^USER 10001:10001$/m, 'run as 10001:10001'],
    [/^HEALTHCHECK /m, 'tell its health'],
    [/^CMD \["node", /m, 'node is the process, without a shell: CMD ["node", …]'],
  ];
  const unwanted: [RegExp, string][] = [
    [/^#\s*syntax\s*=/im, 'a syntax line fetches a frontend from the network'],
    [/^FROM \S+:latest/m, 'name a version, not latest'],
    [/^ADD /m, 'COPY, not ADD'],
    [/^(ENV|ARG) .*(PASSWORD|SECRET|TOKEN)/m, 'no secret in an image'],
  ];
  return [
    ...wanted.filter(([pattern]) => !pattern.test(text)),
    ...unwanted.filter(([pattern]) => pattern.test(text)),
  ].map(([, problem]) => `${path}: ${problem}`);
}
