import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  buildOverlay,
  collectFacts,
  manifestProblems,
  points,
  variablesOf,
  type Facts,
  type Manifest,
} from '@signalbox/delivery';
import { parseAllDocuments } from 'yaml';
import { readRepository } from '../src/check/repository-files.ts';
import { services } from '../src/services.ts';

const root = join(import.meta.dirname, '../../..');
let facts: Facts;
beforeAll(async () => {
  const files = await readRepository(root);
  const version = (JSON.parse(files.find(({ path }) => path === 'package.json')?.text ?? '{}') as { version: string })
    .version;
  facts = collectFacts(files, services, version);
});

// A manifest of any kind, to be broken anywhere.
type Found = ReturnType<typeof JSON.parse>;
type Pick = (kind: string, name: string) => Found;

/** What the points numbered so say of manifests that were changed; `local` in place of `production` where that is the matter. */
function problemsAfter(
  number: number,
  change: (pick: Pick, manifests: Manifest[]) => void,
  name = 'production',
): string[] {
  const overlay = facts.overlays.find((candidate) => candidate.name === name);
  if (overlay === undefined) throw new Error(`there is no overlay ${name}`);
  const manifests = structuredClone([...overlay.manifests]);
  const pick: Pick = (kind, wanted) => {
    const found = manifests.find((one) => one.kind === kind && one.metadata.name.startsWith(wanted));
    if (found === undefined) throw new Error(`there is no ${kind} ${wanted}`);
    return found;
  };
  change(pick, manifests);
  return judge(number, { ...facts, overlays: [{ ...overlay, manifests }] });
}

function judge(number: number, judged: Facts): string[] {
  return points.filter((point) => point.number === number).flatMap(({ problems }) => problems(judged));
}

function withFile(path: string, change: (text: string) => string | null): Facts {
  const files = facts.files.flatMap((file) => {
    if (file.path !== path) return [file];
    const text = change(file.text);
    return text === null ? [] : [{ path, text }];
  });
  return { ...facts, files };
}

const pod = (manifest: Found): Found => manifest.spec.template.spec;
const container = (manifest: Found): Found => pod(manifest).containers[0];
const without = (manifests: Manifest[], kind: string, name: string): void => {
  const index = manifests.findIndex((one) => one.kind === kind && one.metadata.name === name);
  if (index === -1) throw new Error(`there is no ${kind} ${name}`);
  manifests.splice(index, 1);
};

describe('OP-23, OP-24: the manifests as they are', () => {
  it('keep every point of the list', () => {
    expect(manifestProblems(facts)).toEqual([]);
  });

  it('have a rule for each of the 35 points', () => {
    expect([...new Set(points.map(({ number }) => number))].filter((number) => number > 0)).toEqual(
      Array.from({ length: 35 }, (_, index) => index + 1),
    );
  });
});

describe('OP-23: what breaks a point is refused', () => {
  it.each<[number, string, (pick: Pick, manifests: Manifest[]) => void, RegExp, string?]>([
    [
      1,
      'a namespace that admits any pod',
      (pick) => {
        pick('Namespace', 'signalbox').metadata.labels['pod-security.kubernetes.io/enforce'] = 'baseline';
      },
      /enforce: restricted/,
    ],
    [
      1,
      'a version that changes by itself',
      (pick) => {
        pick('Namespace', 'signalbox').metadata.labels['pod-security.kubernetes.io/enforce-version'] = 'latest';
      },
      /enforce-version/,
    ],
    [
      2,
      'root',
      (pick) => {
        pod(pick('Deployment', 'gateway')).securityContext.runAsUser = 0;
      },
      /runAsUser/,
    ],
    [
      2,
      'a capability',
      (pick) => {
        container(pick('StatefulSet', 'chroma')).securityContext.capabilities = { drop: ['ALL'], add: ['NET_ADMIN'] };
      },
      /add no capability/,
    ],
    [
      2,
      'a file system that is written to',
      (pick) => {
        pick(
          'CronJob',
          'back-up',
        ).spec.jobTemplate.spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem = false;
      },
      /readOnlyRootFilesystem/,
    ],
    [
      2,
      'an emptyDir without an end',
      (pick) => {
        pod(pick('Deployment', 'alerting')).volumes.find((one: Found) => one.name === 'tmp').emptyDir = {};
      },
      /sizeLimit/,
    ],
    [
      3,
      'the account of another',
      (pick) => {
        pod(pick('Deployment', 'alerting')).serviceAccountName = 'gateway';
      },
      /bears its own name/,
    ],
    [
      3,
      'a token',
      (pick) => {
        delete pod(pick('Deployment', 'alerting')).automountServiceAccountToken;
      },
      /automountServiceAccountToken/,
    ],
    [
      4,
      'a tag where a digest belongs',
      (pick) => {
        container(pick('Deployment', 'gateway')).image = 'ghcr.io/signalbox/gateway:1.2.3';
      },
      /by digest/,
    ],
    [
      4,
      'latest',
      (pick) => {
        container(pick('StatefulSet', 'chroma')).image = 'chromadb/chroma:latest';
      },
      /latest/,
      'local',
    ],
    [
      5,
      'memory that is half promised',
      (pick) => {
        container(pick('Deployment', 'gateway')).resources.requests.memory = '256Mi';
      },
      /request must be the limit/,
    ],
    [
      5,
      'a throttled event loop',
      (pick) => {
        container(pick('Deployment', 'gateway')).resources.limits.cpu = '1';
      },
      /event loop/,
    ],
    [
      5,
      'a heap as large as its container',
      (pick) => {
        pick('ConfigMap', 'gateway-settings').data.NODE_OPTIONS = '--max-old-space-size=512';
      },
      /heap/,
    ],
    [
      6,
      'a liveness that depends on others',
      (pick) => {
        container(pick('Deployment', 'gateway')).livenessProbe.httpGet.path = '/health/ready';
      },
      /\/health\/live/,
    ],
    [
      6,
      'a probe at the public port',
      (pick) => {
        container(pick('Deployment', 'gateway')).readinessProbe.httpGet.port = 'http';
      },
      /admin port/,
    ],
    [
      6,
      'no time to start',
      (pick) => {
        container(pick('StatefulSet', 'redis-queue')).startupProbe.failureThreshold = 3;
      },
      /60 seconds/,
    ],
    [
      7,
      'an end without a pause before it',
      (pick) => {
        delete container(pick('Deployment', 'chat-router')).lifecycle;
      },
      /preStop/,
    ],
    [
      8,
      'a grace that is shorter than the drain',
      (pick) => {
        pick('ConfigMap', 'gateway-settings').data.SHUTDOWN_GRACE_MS = '55000';
      },
      /above 63/,
    ],
    [
      8,
      'a shell in front of node',
      (pick) => {
        container(pick('Deployment', 'gateway')).command = ['sh', '-c', 'node dist/src/main.js'];
      },
      /node is the process/,
    ],
    [
      9,
      'a roll-out that takes first',
      (pick) => {
        pick('Deployment', 'gateway').spec.strategy.rollingUpdate.maxUnavailable = 1;
      },
      /maxUnavailable/,
    ],
    [
      10,
      'replicas that every apply sets back',
      (pick) => {
        pick('Deployment', 'gateway').spec.replicas = 3;
      },
      /replicas/,
    ],
    [
      10,
      'two gateways only',
      (pick) => {
        pick('HorizontalPodAutoscaler', 'gateway').spec.minReplicas = 2;
      },
      /not to 3/,
    ],
    [
      11,
      'no budget',
      (_, manifests) => {
        without(manifests, 'PodDisruptionBudget', 'alerting');
      },
      /one PodDisruptionBudget/,
    ],
    [
      11,
      'a budget that blocks a single replica',
      (_, manifests) => {
        manifests.push({
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: { name: 'gateway' },
          spec: { selector: { matchLabels: { 'app.kubernetes.io/name': 'gateway' } } },
        });
      },
      /blocks drains/,
      'local',
    ],
    [
      12,
      'replicas in one zone',
      (pick) => {
        pod(pick('Deployment', 'gateway')).topologySpreadConstraints.shift();
      },
      /zone/,
    ],
    [
      13,
      'shrinking at once',
      (pick) => {
        pick('HorizontalPodAutoscaler', 'gateway').spec.behavior.scaleDown.stabilizationWindowSeconds = 0;
      },
      /300 s/,
    ],
    [
      13,
      'CPU alone',
      (pick) => {
        pick('HorizontalPodAutoscaler', 'gateway').spec.metrics.pop();
      },
      /metric of its own/,
    ],
    [
      14,
      'workers that go away',
      (pick) => {
        pick('ScaledObject', 'research-pipeline').spec.minReplicaCount = 0;
      },
      /what stalled/,
    ],
    [
      14,
      'counting without the age',
      (pick) => {
        pick('ScaledObject', 'research-pipeline').spec.triggers.splice(1, 2);
      },
      /age of what waits/,
    ],
    [
      15,
      'no denial',
      (_, manifests) => {
        without(manifests, 'NetworkPolicy', 'deny-all');
      },
      /deny everything/,
    ],
    [
      15,
      'a way that no setting needs',
      (pick) => {
        pick('NetworkPolicy', 'monitoring-ingest').spec.egress.push({
          to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'chroma' } } }],
          ports: [{ port: 8000 }],
        });
      },
      /egress allows monitoring-ingest → chroma:8000/,
    ],
    [
      15,
      'a way that is closed at the other end',
      (pick) => {
        pick('NetworkPolicy', 'chat-router').spec.ingress.shift();
      },
      /ingress lacks gateway → chat-router:8080/,
    ],
    [
      15,
      'a call that cannot be signed',
      (pick) => {
        pick('ConfigMap', 'monitoring-ingest-settings').data.ROUTER = 'http://chat-router:8080';
      },
      /holds no key of chat-router/,
    ],
    [
      15,
      'a way to credentials of the cloud',
      (pick) => {
        pick('NetworkPolicy', 'chat-router').spec.egress.at(-1).to[0].ipBlock.except = [];
      },
      /169\.254/,
    ],
    [
      16,
      'a second door',
      (pick) => {
        pick('Service', 'alerting').spec.type = 'LoadBalancer';
      },
      /ClusterIP/,
    ],
    [
      16,
      'a route past the gateway',
      (pick) => {
        pick('HTTPRoute', 'gateway').spec.rules[0].backendRefs[0].name = 'chat-router';
      },
      /gateway only/,
    ],
    [
      16,
      'a stream that is cut off',
      (pick) => {
        pick('HTTPRoute', 'gateway').spec.rules[0].timeouts.request = '30s';
      },
      /streams/,
    ],
    [
      17,
      'a secret in git',
      (_, manifests) => {
        manifests.push({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' } });
      },
      /no secret stands in git/,
    ],
    [
      17,
      'a secret in the environment',
      (pick) => {
        container(pick('Deployment', 'gateway')).env = [
          { name: 'X', valueFrom: { secretKeyRef: { name: 'x', key: 'x' } } },
        ];
      },
      /not put into the environment/,
    ],
    [
      17,
      'a secret that nobody makes',
      (_, manifests) => {
        without(manifests, 'ExternalSecret', 'gateway-secrets');
      },
      /no ExternalSecret makes gateway-secrets/,
    ],
    [
      18,
      'settings that change in place',
      (pick) => {
        delete pick('ConfigMap', 'gateway-settings').immutable;
      },
      /immutable/,
    ],
    [
      18,
      'settings without a hash',
      (pick) => {
        pick('ConfigMap', 'gateway-settings').metadata.name = 'gateway-settings-now';
      },
      /hash/,
    ],
    [
      19,
      'a whole that is not its parts',
      (pick) => {
        pick('Deployment', 'gateway').spec.minReadySeconds = 11;
      },
      /not what it is in the whole/,
    ],
    [
      20,
      'a version that is not ours',
      (pick) => {
        pick('Deployment', 'gateway').spec.template.metadata.labels['app.kubernetes.io/version'] = '0.0.9';
      },
      /version must be/,
    ],
    [
      20,
      'nobody to call',
      (pick) => {
        delete pick('Service', 'gateway').metadata.labels['signalbox.io/team'];
      },
      /team/,
    ],
    [
      21,
      'labels that a target chooses itself',
      (pick) => {
        pick('ServiceMonitor', 'gateway').spec.endpoints[0].honorLabels = true;
      },
      /honorLabels/,
    ],
    [
      24,
      'a migration that goes on for ever',
      (pick) => {
        delete pick('Job', 'gateway-migrate').spec.activeDeadlineSeconds;
      },
      /activeDeadlineSeconds/,
    ],
    [
      24,
      'pods that migrate',
      (pick) => {
        pod(pick('Deployment', 'gateway')).initContainers = [{ name: 'migrate', image: 'x:1' }];
      },
      /pods do not migrate/,
    ],
    [
      25,
      'Postgres without an archive',
      (pick) => {
        delete pick('Cluster', 'postgres').spec.backup;
      },
      /archives its log/,
    ],
    [
      25,
      'Postgres without a volume',
      (pick) => {
        delete pick('StatefulSet', 'postgres').spec.volumeClaimTemplates;
      },
      /volume of its own/,
      'local',
    ],
    [
      26,
      'a queue that forgets',
      (pick) => {
        const { command } = container(pick('StatefulSet', 'redis-queue'));
        command[command.indexOf('noeviction')] = 'allkeys-lru';
      },
      /noeviction/,
    ],
    [
      27,
      'two copies at a time',
      (pick) => {
        pick('CronJob', 'back-up').spec.concurrencyPolicy = 'Allow';
      },
      /Forbid/,
    ],
    [
      27,
      'copies that nobody tries',
      (_, manifests) => {
        without(manifests, 'CronJob', 'rehearse-restore');
      },
      /rehearse-restore/,
    ],
    [
      28,
      'batch work before answers',
      (pick) => {
        pick('PriorityClass', 'signalbox-batch').value = 200_000;
      },
      /must fall/,
    ],
    [
      29,
      'a namespace without an end',
      (_, manifests) => {
        without(manifests, 'ResourceQuota', 'signalbox');
      },
      /ResourceQuota/,
    ],
    [
      30,
      'a role that may do anything',
      (pick) => {
        pick('Role', 'deploy-edge').rules[0].verbs = ['*'];
      },
      /grants \*/,
    ],
    [
      30,
      'a role that reads secrets',
      (pick) => {
        pick('Role', 'deploy-edge').rules[3].resources.push('secrets');
      },
      /reads secrets/,
    ],
    [
      31,
      'a selector with a version',
      (pick) => {
        pick('Deployment', 'gateway').spec.selector.matchLabels['app.kubernetes.io/version'] = '0.1.0';
      },
      /cannot be rolled back/,
    ],
    [
      32,
      'a worker that ends before its lock',
      (pick) => {
        pod(pick('Deployment', 'research-pipeline')).terminationGracePeriodSeconds = 10;
      },
      /outlast the lock/,
    ],
    [
      33,
      'a field that no schema knows',
      (pick) => {
        container(pick('Deployment', 'gateway')).livenesProbe = {};
      },
      /containers\/0\/livenesProbe: the schema has no such field/,
    ],
    [
      33,
      'a field that is missing',
      (pick) => {
        delete pick('HorizontalPodAutoscaler', 'gateway').spec.maxReplicas;
      },
      /maxReplicas/,
    ],
    [
      33,
      'a kind that nobody vouches for',
      (_, manifests) => {
        manifests.push({ apiVersion: 'x/v1', kind: 'Thing', metadata: { name: 'x' } });
      },
      /no schema/,
    ],
    [
      33,
      "a field that an operator's schema does not know",
      (pick) => {
        pick('ScaledObject', 'research-pipeline').spec.coolDown = 3;
      },
      /spec\/coolDown/,
    ],
    [
      34,
      'a pod full of addresses',
      (pick) => {
        delete pod(pick('Deployment', 'gateway')).enableServiceLinks;
      },
      /enableServiceLinks/,
    ],
    [
      0,
      'a Service that also chooses the migration',
      (pick) => {
        pick('Job', 'gateway-migrate').spec.template.metadata.labels['app.kubernetes.io/name'] = 'gateway';
      },
      /chooses Deployment gateway and Job gateway-migrate/,
    ],
    [
      0,
      'a port that no pod has',
      (pick) => {
        pick('Service', 'gateway').spec.ports[0].targetPort = 'web';
      },
      /no pod has the port web/,
    ],
    [
      0,
      'a selector of strangers',
      (pick) => {
        pick('Deployment', 'gateway').spec.selector.matchLabels['app.kubernetes.io/name'] = 'door';
      },
      /own pods/,
    ],
    [
      0,
      'a mount of nothing',
      (pick) => {
        pod(pick('Deployment', 'gateway')).volumes.pop();
      },
      /which is no volume/,
    ],
    [
      0,
      'a setting that nobody reads',
      (pick) => {
        pick('ConfigMap', 'gateway-settings').data.TRUST_PROXY = '1';
      },
      /gateway reads no TRUST_PROXY/,
    ],
    [
      0,
      'a setting that is missing',
      (pick) => {
        delete pick('ConfigMap', 'gateway-settings').data.TOKEN_ISSUER;
      },
      /gateway needs TOKEN_ISSUER/,
    ],
    [
      0,
      'a key that is not held',
      (pick) => {
        const { spec } = pick('ExternalSecret', 'alerting-secrets');
        spec.data = spec.data.filter((one: Found) => one.secretKey !== 'identity-gateway');
      },
      /no identity key of gateway/,
    ],
    [
      0,
      'a file that the secret does not hold',
      (pick) => {
        delete pick('ExternalSecret', 'gateway-secrets').spec.target.template.data['database-url'];
      },
      /which its ExternalSecret does not make/,
    ],
  ])('point %i: %s', (number, _, change, problem, ...[overlay]) => {
    expect(problemsAfter(number, change, overlay).join('\n')).toMatch(problem);
  });

  it.each<[number, string, string, (text: string) => string | null, RegExp]>([
    [22, 'an alert without a page', 'docs/runbooks/queue-stuck.md', () => null, /runbook_url/],
    [
      23,
      'a dashboard that is gone',
      'infra/watching/grafana/dashboards/cost-tracking.json',
      () => null,
      /Cost Tracking/,
    ],
    [
      31,
      'a deployment that cannot go back',
      '.github/workflows/deploy.yml',
      (text) => text.replaceAll('roll-out', 'apply'),
      /roll-out/,
    ],
    [
      33,
      'a CI that builds no manifests',
      '.github/workflows/ci.yml',
      (text) => text.replaceAll('kubectl kustomize', 'true'),
      /kubectl kustomize/,
    ],
    [
      35,
      'an objective that nobody owns',
      'docs/slo/gateway.md',
      (text) => text.replaceAll('**Owner**', ''),
      /says no Owner/,
    ],
  ])('point %i: %s', (number, _, path, change, problem) => {
    expect(judge(number, withFile(path, change)).join('\n')).toMatch(problem);
  });
});

describe('OP-23: building without kubectl', () => {
  const hasKubectl = ((): boolean => {
    try {
      // Kustomize 5 is in kubectl since 1.27.
      return /Kustomize Version: v5/.test(execFileSync('kubectl', ['version', '--client'], { encoding: 'utf8' }));
    } catch {
      return false;
    }
  })();
  const folders = [
    'k8s/overlays',
    ...readdirSync(join(root, 'k8s/services')).map((name) => `k8s/services/${name}/overlays`),
  ].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));

  (hasKubectl ? it : it.skip).each([...folders, 'k8s/entrance/ingress-nginx'])(
    'makes of %s what kubectl kustomize makes',
    (folder) => {
      const output = execFileSync('kubectl', ['kustomize', join(root, folder)], {
        encoding: 'utf8',
        maxBuffer: 64 * 2 ** 20,
      });
      const theirs = parseAllDocuments(output).map((document) => document.toJS() as Manifest);
      const inOrder = (manifests: Manifest[]) =>
        manifests.sort((one, other) =>
          `${one.kind} ${one.metadata.name}` < `${other.kind} ${other.metadata.name}` ? -1 : 1,
        );
      expect(inOrder(buildOverlay(facts.files, folder))).toEqual(inOrder(theirs));
    },
  );

  const build = (kustomization: string, more: Record<string, string> = {}) =>
    buildOverlay(
      [
        {
          path: 'k/kustomization.yaml',
          text: `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${kustomization}`,
        },
        ...Object.entries(more).map(([path, text]) => ({ path, text })),
      ],
      'k',
    );

  it('refuses what it does not know, and what is not there', () => {
    expect(() => build('namePrefix: x-')).toThrow(/namePrefix/);
    expect(() => build('resources: [a.yaml]')).toThrow(/k\/a\.yaml\/kustomization\.yaml is not there/);
    expect(() => build('resources: [a.yaml]', { 'k/a.yaml': 'kind: Pod' })).toThrow(/without apiVersion/);
    expect(() => build('patches: [{ target: { kind: Pod }, patch: "[]" }]')).toThrow(/no Pod/);
    expect(() => build('configMapGenerator: [{ name: a, behavior: merge }]')).toThrow(/to merge with/);
  });

  it('reads of a service which settings it needs', () => {
    const text = `const Environment = z.object({\n  PORT: port,\n  KEYS: z.string().transform((text) => {\n    return text;\n  }),\n  LEVEL: z.string().default('info'),\n  FILE: z\n    .string()\n    .optional(),\n});\n`;
    expect(variablesOf(text)).toEqual([
      { name: 'PORT', isRequired: true },
      { name: 'KEYS', isRequired: true },
      { name: 'LEVEL', isRequired: false },
      { name: 'FILE', isRequired: false },
    ]);
  });
});
