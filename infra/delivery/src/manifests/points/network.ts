import {
  deploymentsOf,
  inEachOverlay,
  settingsOf,
  unkept,
  type MeshService,
  type Overlay,
  type Point,
} from '../facts.ts';
import { entryOf, isObject, listAt, numberAt, objectAt, textAt, type Json } from '../json.ts';
import { nameOf, ofKind, podsOf, selects, type Manifest } from '../manifest.ts';

/** Who may open a connection to what, by the labels of its pods. */
interface Edge {
  from: string;
  to: string;
  port: number;
}

const insidePorts: Readonly<Record<string, number>> = {
  postgres: 5432,
  'redis-queue': 6379,
  'redis-cache': 6379,
  chroma: 8000,
};

export const networkPoints: readonly Point[] = [
  inEachOverlay(15, 'who talks to whom is what the settings say, and nothing else passes', (overlay, { services }) => [
    ...denialProblems(overlay),
    ...matrixProblems(overlay, services),
    ...outsideProblems(overlay),
  ]),
  inEachOverlay(16, 'only the gateway is reached from outside, over TLS, and streams are not held back', (overlay) => [
    ...ofKind(overlay.manifests, 'Service').flatMap((service) =>
      unkept(nameOf(service), [[textAt(service, 'spec.type') === 'ClusterIP', 'must be ClusterIP']]),
    ),
    ...ofKind(overlay.manifests, 'HTTPRoute').flatMap(routeProblems),
    ...ofKind(overlay.manifests, 'Ingress').flatMap(ingressProblems),
    ...ofKind(overlay.manifests, 'Gateway').flatMap((gateway) =>
      unkept(nameOf(gateway), [
        [
          listAt(gateway, 'spec.listeners').every(
            (listener) => textAt(listener, 'protocol') === 'HTTP' || textAt(listener, 'tls.mode') === 'Terminate',
          ),
          'a listener that is not for redirects ends TLS',
        ],
      ]),
    ),
    ...unkept('the entrance', [
      [
        !overlay.isOperated || ofKind(overlay.manifests, 'HTTPRoute', 'Ingress').length > 0,
        'there is no route to the gateway',
      ],
    ]),
  ]),
];

function denialProblems(overlay: Overlay): string[] {
  const policies = ofKind(overlay.manifests, 'NetworkPolicy');
  const deniesAll = policies.some(
    (policy) =>
      Object.keys(objectAt(policy, 'spec.podSelector')).length === 0 &&
      ['Ingress', 'Egress'].every((type) => listAt(policy, 'spec.policyTypes').includes(type)) &&
      listAt(policy, 'spec.ingress').length === 0 &&
      listAt(policy, 'spec.egress').length === 0,
  );
  const names = policies.some((policy) =>
    listAt(policy, 'spec.egress').some((rule) => listAt(rule, 'ports').some((port) => numberAt(port, 'port') === 53)),
  );
  return unkept('NetworkPolicies', [
    [deniesAll, 'one must deny everything in both directions'],
    [names, 'one must let names be asked for'],
  ]);
}

/** What egress allows and ingress allows must both be exactly what the settings need. */
function matrixProblems(overlay: Overlay, services: readonly MeshService[]): string[] {
  const needed = new Set(neededEdges(overlay).map(textOf));
  const pods = podsOf(overlay.manifests).map(
    ({ labels }) => textAt(labels, 'app.kubernetes.io/name') || nameLabel(labels),
  );
  const known = new Set(pods.filter((name) => name !== ''));
  const allowed = (direction: 'ingress' | 'egress'): Set<string> =>
    new Set(
      policyEdges(overlay, direction)
        .filter(({ from, to }) => known.has(from) && (known.has(to) || to in insidePorts) && from !== to)
        .map(textOf),
    );
  const [out, into] = [allowed('egress'), allowed('ingress')];
  const calls = new Map(services.map((service) => [service.name, service.calls]));
  return [
    ...[...needed].filter((edge) => !out.has(edge)).map((edge) => `NetworkPolicy: egress lacks ${edge}`),
    ...[...needed].filter((edge) => !into.has(edge)).map((edge) => `NetworkPolicy: ingress lacks ${edge}`),
    ...[...out]
      .filter((edge) => !needed.has(edge))
      .map((edge) => `NetworkPolicy: egress allows ${edge}, which no setting needs`),
    ...[...into]
      .filter((edge) => !needed.has(edge))
      .map((edge) => `NetworkPolicy: ingress allows ${edge}, which no setting needs`),
    ...neededEdges(overlay)
      .filter(({ from, to, port }) => port === 8080 && calls.has(to) && calls.get(from)?.includes(to) === false)
      .map((edge) => `${textOf(edge)}: ${edge.from} holds no key of ${edge.to} (infra/local/src/services.ts: calls)`),
  ];
}

function nameLabel(labels: Json): string {
  return isObject(labels) ? entryOf(labels, 'app.kubernetes.io/name') : '';
}

function textOf({ from, to, port }: Edge): string {
  return `${from} → ${to}:${port}`;
}

/** From the settings: addresses of services, and the stores whose addresses are secrets. */
function neededEdges(overlay: Overlay): Edge[] {
  const ofServices = deploymentsOf(overlay).flatMap(({ metadata: { name: from } }) => {
    const settings = settingsOf(overlay, from);
    const named = Object.values(settings).flatMap((value) =>
      [...value.matchAll(/http:\/\/([a-z][a-z-]*):(\d+)/g)].map((match) => ({
        from,
        to: match[1] ?? '',
        port: Number(match[2]),
      })),
    );
    const stores = [
      ...(settings['DATABASE_URL_FILE'] === undefined ? [] : ['postgres']),
      ...(settings['REDIS_QUEUE_URL_FILE'] === undefined ? [] : ['redis-queue']),
      ...(settings['REDIS_CACHE_URL_FILE'] === undefined ? [] : ['redis-cache']),
    ].map((to) => ({ from, to, port: insidePorts[to] ?? 0 }));
    return [...named, ...stores];
  });
  const ofJobs = podsOf(overlay.manifests)
    .filter(({ owner }) => ['Job', 'CronJob'].includes(owner.kind))
    .map(({ labels }) => ({ from: nameLabel(labels), to: 'postgres', port: 5432 }));
  return [...ofServices, ...ofJobs];
}

function policyEdges(overlay: Overlay, direction: 'ingress' | 'egress'): Edge[] {
  const [side, other] = direction === 'ingress' ? (['from', 'to'] as const) : (['to', 'from'] as const);
  return ofKind(overlay.manifests, 'NetworkPolicy').flatMap((policy) => {
    const self = nameLabel(objectAt(policy, 'spec.podSelector.matchLabels'));
    return listAt(policy, `spec.${direction}`).flatMap((rule) =>
      listAt(rule, side)
        .filter((peer) => isObject(peer) && !('namespaceSelector' in peer))
        .flatMap((peer) => {
          const name = nameLabel(objectAt(peer, 'podSelector.matchLabels'));
          return listAt(rule, 'ports').map((port) => {
            const edge = { from: self, to: self, port: numberAt(port, 'port') ?? 0 };
            return { ...edge, [side === 'from' ? 'from' : 'to']: name, [other]: self };
          });
        }),
    );
  });
}

/** Whoever may reach the internet may not reach what is inside, and least of all where clouds hand out credentials. */
function outsideProblems(overlay: Overlay): string[] {
  return ofKind(overlay.manifests, 'NetworkPolicy').flatMap((policy) =>
    listAt(policy, 'spec.egress')
      .flatMap((rule) => listAt(rule, 'to'))
      .filter((peer) => textAt(peer, 'ipBlock.cidr') === '0.0.0.0/0')
      .flatMap((peer) => {
        const except = listAt(peer, 'ipBlock.except');
        const isStore = policy.metadata.name === 'postgres';
        const wanted = isStore
          ? ['169.254.0.0/16']
          : ['169.254.0.0/16', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];
        return unkept(
          nameOf(policy),
          wanted.map((cidr) => [except.includes(cidr), `0.0.0.0/0 without ${cidr}`] as const),
        );
      }),
  );
}

function routeProblems(route: Manifest): string[] {
  return listAt(route, 'spec.rules').flatMap((rule) => {
    const backends = listAt(rule, 'backendRefs');
    if (backends.length === 0) return [];
    const hsts = JSON.stringify(listAt(rule, 'filters')).includes('Strict-Transport-Security');
    return unkept(nameOf(route), [
      [
        backends.every((backend) => textAt(backend, 'name') === 'gateway' && numberAt(backend, 'port') === 8080),
        'leads to the gateway only',
      ],
      [textAt(rule, 'timeouts.request') === '0s', 'timeouts.request must be 0s: streams end by themselves'],
      [hsts, 'sets Strict-Transport-Security'],
    ]);
  });
}

function ingressProblems(ingress: Manifest): string[] {
  const annotation = (name: string): string =>
    entryOf(objectAt(ingress, 'metadata.annotations'), `nginx.ingress.kubernetes.io/${name}`);
  return unkept(nameOf(ingress), [
    [annotation('proxy-buffering') === 'off', 'proxy-buffering holds event streams back'],
    [annotation('proxy-body-size') !== '', 'limits the size of bodies'],
    [Number(annotation('proxy-read-timeout')) >= 3600, 'proxy-read-timeout cuts streams off'],
    [listAt(ingress, 'spec.tls').length > 0, 'ends TLS'],
    [JSON.stringify(listAt(ingress, 'spec.rules')).includes('"name":"gateway"'), 'leads to the gateway'],
  ]);
}

/** Whether a selector of a Service chooses these labels; see `crossPoints`. */
export function chosenBy(service: Manifest, labels: Json): boolean {
  const selector = objectAt(service, 'spec.selector');
  return Object.keys(selector).length > 0 && isObject(labels) && selects(selector, labels);
}
