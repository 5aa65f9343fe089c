import { find, inEachOverlay, quantityOf, unkept, type Overlay, type Point } from '../facts.ts';
import { isObject, listAt, numberAt, objectAt, textAt } from '../json.ts';
import { nameOf, ofKind } from '../manifest.ts';

/** What keeps data, and how it comes back. */
export const storePoints: readonly Point[] = [
  inEachOverlay(25, 'Postgres keeps its volume, and where it matters its log and a copy', (overlay) => {
    const cluster = find(overlay, 'Cluster', 'postgres');
    const set = find(overlay, 'StatefulSet', 'postgres');
    return unkept('Postgres', [
      [find(overlay, 'Deployment', 'postgres') === undefined, 'a Deployment forgets'],
      [
        overlay.isOperated ? cluster !== undefined : set !== undefined,
        overlay.isOperated ? 'is a Cluster of the operator' : 'is a StatefulSet',
      ],
      [set === undefined || listAt(set, 'spec.volumeClaimTemplates').length > 0, 'has a volume of its own'],
      [cluster === undefined || (numberAt(cluster, 'spec.instances') ?? 1) >= 2, 'has two instances'],
      [cluster === undefined || objectAt(cluster, 'spec')['enablePDB'] === true, 'keeps one through a drain'],
      [
        cluster === undefined || textAt(cluster, 'spec.backup.barmanObjectStore.wal.encryption') !== '',
        'archives its log, encrypted',
      ],
      [cluster === undefined || textAt(cluster, 'spec.backup.retentionPolicy') !== '', 'says how long copies are kept'],
      [cluster === undefined || ofKind(overlay.manifests, 'ScheduledBackup').length > 0, 'is copied by a schedule'],
    ]);
  }),
  inEachOverlay(
    26,
    'the queue keeps what it was given, the cache may forget, and both end before the kernel ends them',
    (overlay) => [
      ...redisProblems(overlay, 'redis-queue', 'noeviction', 'yes'),
      ...redisProblems(overlay, 'redis-cache', 'allkeys-lru', 'no'),
    ],
  ),
  inEachOverlay(27, 'copies are made each night and tried each week, one at a time', (overlay) => {
    if (!overlay.isOperated) return [];
    const jobs = ofKind(overlay.manifests, 'CronJob');
    return [
      ...['back-up', 'rehearse-restore'].flatMap((name) =>
        unkept(`CronJob ${name}`, [[find(overlay, 'CronJob', name) !== undefined, 'is not there']]),
      ),
      ...jobs.flatMap((job) => {
        const claim = listAt(job, 'spec.jobTemplate.spec.template.spec.volumes').find(
          (volume) => textAt(volume, 'persistentVolumeClaim.claimName') !== '',
        );
        const claimed = find(overlay, 'PersistentVolumeClaim', textAt(claim, 'persistentVolumeClaim.claimName'));
        return unkept(nameOf(job), [
          [textAt(job, 'spec.concurrencyPolicy') === 'Forbid', 'concurrencyPolicy must be Forbid'],
          [numberAt(job, 'spec.startingDeadlineSeconds') !== null, 'set startingDeadlineSeconds'],
          [numberAt(job, 'spec.successfulJobsHistoryLimit') !== null, 'set successfulJobsHistoryLimit'],
          [numberAt(job, 'spec.failedJobsHistoryLimit') !== null, 'set failedJobsHistoryLimit'],
          [textAt(job, 'spec.timeZone') !== '', 'name the time zone'],
          [textAt(claimed, 'spec.storageClassName').includes('off-cluster'), 'copies lie off the cluster'],
          [job.metadata.name !== 'rehearse-restore' || / \d$/.test(textAt(job, 'spec.schedule')), 'is tried each week'],
        ]);
      }),
    ];
  }),
];

function redisProblems(overlay: Overlay, name: string, policy: string, appendonly: string): string[] {
  const set = find(overlay, 'StatefulSet', name);
  const [container] = listAt(set, 'spec.template.spec.containers').filter(isObject);
  const command = listAt(container, 'command').map(String);
  const valueOf = (option: string): string => command[command.indexOf(option) + 1] ?? '';
  const share = quantityOf(valueOf('--maxmemory')) / quantityOf(textAt(container, 'resources.limits.memory'));
  return unkept(name, [
    [set !== undefined, 'is a StatefulSet of its own'],
    [valueOf('--maxmemory-policy') === policy, `maxmemory-policy must be ${policy}`],
    [valueOf('--appendonly') === appendonly, `appendonly must be ${appendonly}`],
    [share >= 0.6 && share <= 0.76, 'maxmemory is about 75 % of the limit'],
    [appendonly === 'no' || listAt(set, 'spec.volumeClaimTemplates').length > 0, 'has a volume of its own'],
    [command.some((word) => word.startsWith('/run/secrets/')), 'its password comes from a mounted file'],
  ]);
}
