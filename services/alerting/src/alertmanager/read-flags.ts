/** What the stand-alone start is told on its command line. */
export interface AlertmanagerFlags {
  readonly configFile: string;
  readonly storagePath: string;
  readonly listen: readonly { readonly host: string; readonly port: number }[];
  /** How the outside reaches it, for links; null: by the machine's name. */
  readonly externalUrl: string | null;
  /** What every path begins with: `` or `/prefix`. */
  readonly routePrefix: string;
  /** null: alone, and not as a cluster of one. */
  readonly clusterAddress: string | null;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Flags that were given and have no effect. */
  readonly ignored: readonly string[];
}

export type FlagReading =
  | { kind: 'run'; flags: AlertmanagerFlags }
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'refused'; reason: string };

const used = [
  'config.file',
  'storage.path',
  'web.listen-address',
  'web.external-url',
  'web.route-prefix',
  'cluster.listen-address',
  'log.level',
] as const;
type UsedFlag = (typeof used)[number];

/** Taken with a value, and without an effect: what they are about is done another way here, or not at all. */
const ignoredFlags = new Set([
  ...['config.auto-reload-interval', 'data.retention', 'data.maintenance-interval', 'alerts.gc-interval'],
  ...['alerts.per-alertname-limit', 'silences.max-silences', 'silences.max-per-silence-bytes', 'silences.logging'],
  ...['dispatch.maintenance-interval', 'dispatch.start-delay', 'web.config.file', 'web.get-concurrency', 'web.timeout'],
  ...['web.cors.origin', 'log.format', 'enable-feature', 'auto-gomemlimit.ratio', 'notifications.max-size'],
  ...['cluster.advertise-address', 'cluster.peer', 'cluster.peer-timeout', 'cluster.peers-resolve-timeout'],
  ...['cluster.gossip-interval', 'cluster.pushpull-interval', 'cluster.tcp-timeout', 'cluster.probe-timeout'],
  ...['cluster.probe-interval', 'cluster.settle-timeout', 'cluster.reconnect-interval', 'cluster.reconnect-timeout'],
  ...['cluster.tls-config', 'cluster.label', 'cluster.name'],
]);
const ignoredSwitches = new Set([
  ...['web.systemd-socket', 'auto-gomaxprocs', 'auto-gomemlimit', 'templates.enable-functions'],
  'cluster.allow-insecure-public-advertise-address-discovery',
]);
const logLevels = ['debug', 'info', 'warn', 'error'] as const;

/** Reads Alertmanager's own flags, as `--name value` or `--name=value`. */
export function readFlags(args: readonly string[]): FlagReading {
  const given = new Map<UsedFlag, string[]>();
  const ignored: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    if (argument === '-h' || argument.startsWith('--help')) return { kind: 'help' };
    if (argument === '--version') return { kind: 'version' };
    const [, name, inline] = /^--?([a-z][\w.-]*)(?:=([^]*))?$/.exec(argument) ?? [];
    if (name === undefined) return { kind: 'refused', reason: `unexpected ${argument}` };
    if (ignoredSwitches.has(name.replace(/^no-/, ''))) {
      ignored.push(name);
      continue;
    }
    const flag = used.find((one) => one === name);
    if (flag === undefined && !ignoredFlags.has(name))
      return { kind: 'refused', reason: `unknown long flag '--${name}', try --help` };
    if (inline === undefined) index += 1;
    const value = inline ?? args[index];
    if (value === undefined) return { kind: 'refused', reason: `expected argument for flag '--${name}'` };
    if (flag === undefined) ignored.push(name);
    else given.set(flag, [...(given.get(flag) ?? []), value]);
  }
  return interpret(given, ignored);
}

function interpret(given: ReadonlyMap<UsedFlag, readonly string[]>, ignored: readonly string[]): FlagReading {
  const last = (flag: UsedFlag): string | undefined => given.get(flag)?.at(-1);
  const addresses = given.get('web.listen-address') ?? [':9093'];
  const listen = addresses.map(readAddress);
  const wrong = listen.indexOf(null);
  if (wrong !== -1)
    return { kind: 'refused', reason: `--web.listen-address: expected host:port, not ${addresses[wrong] ?? ''}` };
  const logLevel = logLevels.find((level) => level === (last('log.level') ?? 'info'));
  if (logLevel === undefined)
    return { kind: 'refused', reason: `--log.level: expected one of ${logLevels.join(', ')}` };
  const externalUrl = last('web.external-url') ?? null;
  const parsed = externalUrl === null ? null : URL.parse(externalUrl);
  if (externalUrl !== null && externalUrl !== '' && parsed === null)
    return { kind: 'refused', reason: '--web.external-url: expected a URL' };
  const clusterAddress = last('cluster.listen-address') ?? '0.0.0.0:9094';
  return {
    kind: 'run',
    flags: {
      configFile: last('config.file') ?? 'alertmanager.yml',
      storagePath: last('storage.path') ?? 'data/',
      listen: listen.filter((address) => address !== null),
      externalUrl: parsed === null ? null : parsed.href.replace(/\/$/, ''),
      routePrefix: prefixOf(last('web.route-prefix') ?? parsed?.pathname ?? ''),
      clusterAddress: clusterAddress === '' ? null : clusterAddress,
      logLevel,
      ignored,
    },
  };
}

function readAddress(text: string): { host: string; port: number } | null {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) return null;
  return { host: bracketed ?? plain ?? '', port: Number(port) };
}

function prefixOf(path: string): string {
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  return trimmed === '' ? '' : `/${trimmed}`;
}
