import { stringify } from 'yaml';
import { buildOverlay } from '../manifests/build-overlay.ts';
import { objectAt, textAt } from '../manifests/json.ts';
import type { Manifest, ManifestFile } from '../manifests/manifest.ts';

export interface RollOut {
  service: string;
  environment: string;
  /** `sha256:…` of an image that was judged. */
  digest: string;
  /** For how long it must stay well after the roll-out before it counts as done. */
  healthyForMs: number;
}

/** Runs kubectl with these arguments and this input; gives what it printed, throws when it failed. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

export interface RollOutDeps {
  files: readonly ManifestFile[];
  kubectl: Kubectl;
  /** Null while it is well, else what is wrong. */
  unwell: (service: string) => Promise<string | null>;
  sleep: (ms: number) => Promise<void>;
  now: () => number;
  tell: (line: string) => void;
}

export type RollOutOutcome = { kind: 'done' } | { kind: 'rolled_back' | 'not_begun'; reason: string };

const lookEveryMs = 10_000;

/**
 * Rolls one service out: what its pods need, then the migration, then the pods, then it watches. When the pods do not come
 * up or do not stay well, it goes back to the revision before; a migration stays, which the one before can live with.
 */
export async function rollOut(deps: RollOutDeps, given: RollOut): Promise<RollOutOutcome> {
  const { kubectl, tell } = deps;
  const { service, digest } = given;
  if (!/^sha256:(?!0{64}$)[0-9a-f]{64}$/.test(digest))
    return { kind: 'not_begun', reason: 'name the digest of an image that was built' };
  const manifests = render(deps.files, given);
  const isPods = ({ kind }: Manifest): boolean =>
    ['Deployment', 'HorizontalPodAutoscaler', 'ScaledObject'].includes(kind);
  const isJob = ({ kind }: Manifest): boolean => kind === 'Job';
  const apply = (chosen: readonly Manifest[]): Promise<string> =>
    kubectl(['apply', '--filename', '-'], chosen.map((manifest) => stringify(manifest)).join('---\n'));

  await apply(manifests.filter((manifest) => !isPods(manifest) && !isJob(manifest)));
  const job = `job/${service}-migrate`;
  try {
    await kubectl(['delete', job, '--ignore-not-found', '--wait']);
    await apply(manifests.filter(isJob));
    await kubectl(['wait', '--for=condition=complete', job, '--timeout=900s']);
    tell(`${service}: migrated`);
  } catch (thrown) {
    return { kind: 'not_begun', reason: `the migration failed: ${messageOf(thrown)}` };
  }
  try {
    await apply(manifests.filter(isPods));
    await kubectl(['rollout', 'status', `deployment/${service}`, '--timeout=900s']);
    tell(`${service}: rolled out`);
    await stayWell(deps, given);
    return { kind: 'done' };
  } catch (thrown) {
    tell(`${service}: goes back, ${messageOf(thrown)}`);
    await kubectl(['rollout', 'undo', `deployment/${service}`]);
    await kubectl(['rollout', 'status', `deployment/${service}`, '--timeout=900s']);
    return { kind: 'rolled_back', reason: messageOf(thrown) };
  }
}

/** The service's overlay with the digest in the place of the one that is written there. */
function render(files: readonly ManifestFile[], { service, environment, digest }: RollOut): Manifest[] {
  const folder = `k8s/services/${service}/overlays/${environment}`;
  const manifests = buildOverlay(
    files.map(({ path, text }) =>
      path === `${folder}/kustomization.yaml`
        ? { path, text: text.replace(/sha256:[0-9a-f]{64}/, digest) }
        : { path, text },
    ),
    folder,
  );
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  if (deployment === undefined || !JSON.stringify(objectAt(deployment, 'spec.template.spec')).includes(digest)) {
    throw new Error(`${folder} names its image by no digest, so that none can be put in its place`);
  }
  return manifests;
}

async function stayWell({ unwell, sleep, now, tell }: RollOutDeps, { service, healthyForMs }: RollOut): Promise<void> {
  const until = now() + healthyForMs;
  while (now() < until) {
    const reason = await unwell(service);
    if (reason !== null) throw new Error(reason);
    await sleep(Math.min(lookEveryMs, until - now()));
  }
  tell(`${service}: stayed well`);
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * Whether a service is unwell, by its deployment and, where `prometheusUrl` is not null, by the share of its answers that are
 * errors of ours. A Prometheus that does not answer is a reason, too: what cannot be seen is not well.
 */
export function askWellness(
  kubectl: Kubectl,
  prometheusUrl: string | null,
  errorRatioMax = 0.01,
): RollOutDeps['unwell'] {
  return async (service) => {
    const deployment = JSON.parse(await kubectl(['get', `deployment/${service}`, '--output=json'])) as Manifest;
    const [wanted, ready] = [textAt(deployment, 'spec.replicas'), textAt(deployment, 'status.readyReplicas')];
    if (wanted !== ready) return `${ready || '0'} of ${wanted} replicas are ready`;
    if (prometheusUrl === null) return null;
    const query = `signalbox:http_error_ratio:rate5m{service="${service}"} > ${String(errorRatioMax)}`;
    const answer = await fetch(`${prometheusUrl}/api/v1/query?${new URLSearchParams({ query }).toString()}`, {
      signal: AbortSignal.timeout(10_000),
    }).catch(() => null);
    if (answer?.ok !== true) return 'Prometheus does not answer';
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    const ratio = data.result[0]?.value[1];
    return ratio === undefined ? null : `${(Number(ratio) * 100).toFixed(1)} % of its answers are errors`;
  };
}
