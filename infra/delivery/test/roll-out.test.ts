import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { askWellness, rollOut, type RollOutDeps } from '../src/roll-out/roll-out.ts';

const root = join(import.meta.dirname, '../../..');
const files = readdirSync(join(root, 'k8s'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path: path.slice(root.length + 1), text: readFileSync(path, 'utf8') }));
const digest = `sha256:${'b2'.repeat(32)}`;

/** A cluster of which only the order of what it is told matters; `fail` says which words it refuses. */
function aCluster({ fail = null as RegExp | null, unwellAfter = Infinity } = {}) {
  const told: string[] = [];
  const applied: string[] = [];
  let clock = 0;
  let looks = 0;
  const deps: RollOutDeps = {
    files,
    kubectl: async (args, input = '') => {
      const kinds = [...input.matchAll(/^kind: (\w+)$/gm)].map((match) => match[1]);
      const words = [...args, ...new Set(kinds)].join(' ');
      told.push(words);
      applied.push(input);
      if (fail?.test(words) === true) throw new Error('refused');
      return '';
    },
    unwell: async () => ((looks += 1) > unwellAfter ? 'answers are errors' : null),
    sleep: async (ms) => {
      clock += ms;
    },
    now: () => clock,
    tell: () => undefined,
  };
  return {
    deps,
    told,
    applied,
    given: { service: 'gateway', environment: 'production', digest, healthyForMs: 60_000 },
  };
}

describe('OP-27: rolling a service out', () => {
  it('migrates before the pods change, with the image that was judged, and watches afterwards', async () => {
    const { deps, told, applied, given } = aCluster();
    expect(await rollOut(deps, given)).toEqual({ kind: 'done' });
    const order = [
      'delete job/gateway-migrate',
      'apply --filename - Job',
      'wait --for=condition=complete',
      'apply --filename - Deployment',
      'rollout status',
    ];
    const at = order.map((words) => told.findIndex((line) => line.startsWith(words)));
    expect(at).toEqual([...at].sort((one, other) => one - other));
    expect(at).not.toContain(-1);
    expect(applied.join('\n').match(/image: .*/g)).toEqual(
      Array.from({ length: 2 }, () => `image: ghcr.io/signalbox/gateway@${digest}`),
    );
    expect(told.some((line) => line.includes('undo'))).toBe(false);
  });

  it('changes no pod when the migration fails', async () => {
    const { deps, told, given } = aCluster({ fail: /^wait/ });
    expect(await rollOut(deps, given)).toMatchObject({
      kind: 'not_begun',
      reason: expect.stringContaining('migration'),
    });
    expect(told.some((line) => line.includes('Deployment'))).toBe(false);
  });

  it.each([
    ['the pods do not come up', { fail: /^rollout status.*900s$/ }],
    ['it does not stay well', { unwellAfter: 3 }],
  ])('goes back by itself when %s', async (_, how) => {
    const { deps, told, given } = aCluster(how);
    const refusing = deps.kubectl;
    let refusals = 0;
    // The roll-out back is let through.
    const kubectl: RollOutDeps['kubectl'] = (args, input) =>
      refusing(args, input).catch((error: unknown) => {
        refusals += 1;
        if (refusals > 1) return '';
        throw error;
      });
    expect(await rollOut({ ...deps, kubectl }, given)).toMatchObject({ kind: 'rolled_back' });
    expect(told).toContain('rollout undo deployment/gateway');
  });

  it.each([`sha256:${'0'.repeat(64)}`, 'latest', ''])('begins nothing with %j for a digest', async (given) => {
    const cluster = aCluster();
    expect(await rollOut(cluster.deps, { ...cluster.given, digest: given })).toMatchObject({ kind: 'not_begun' });
    expect(cluster.told).toEqual([]);
  });

  it('takes replicas that are not ready, and a Prometheus that does not answer, for unwell', async () => {
    const of = (ready: number) => async () =>
      JSON.stringify({ spec: { replicas: 3 }, status: { readyReplicas: ready } });
    expect(await askWellness(of(2), null)('gateway')).toBe('2 of 3 replicas are ready');
    expect(await askWellness(of(3), null)('gateway')).toBeNull();
    expect(await askWellness(of(3), 'http://127.0.0.1:9')('gateway')).toBe('Prometheus does not answer');
  });
});
