import { z } from 'zod';

/** What an image may have and still be rolled out. Kept in `image-policy.yaml`. */
export const ImagePolicy = z.strictObject({
  /** Images of other registries are denied. */
  allowed_registries: z.array(z.string().min(1)).min(1),
  /** The highest CVSS score that is allowed; above it an image is quarantined. */
  score_max: z.number().min(0).max(10),
  /** From this score on an image is denied, whoever asks. */
  score_denied: z.number().min(0).max(10),
  /** A scan that is older says nothing of today's advisories. */
  scan_age_hours_max: z.number().positive(),
  /** What was looked at and accepted, until a day. */
  ignored: z
    .array(z.strictObject({ id: z.string().min(1), until: z.iso.date(), reason: z.string().min(10) }))
    .default([]),
});
export type ImagePolicy = z.infer<typeof ImagePolicy>;

const Vulnerability = z.looseObject({
  VulnerabilityID: z.string(),
  PkgName: z.string().optional(),
  Severity: z.enum(['UNKNOWN', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL']),
  CVSS: z
    .record(z.string(), z.looseObject({ V3Score: z.number().optional(), V40Score: z.number().optional() }))
    .optional(),
});

/** Of Trivy's JSON what the judgement needs. */
export const TrivyReport = z.looseObject({
  SchemaVersion: z.literal(2),
  CreatedAt: z.iso.datetime({ offset: true }).optional(),
  ArtifactName: z.string(),
  Results: z.array(z.looseObject({ Target: z.string(), Vulnerabilities: z.array(Vulnerability).optional() })),
});
export type TrivyReport = z.infer<typeof TrivyReport>;

/** `unknown` is no verdict to roll out by: nobody looked. */
export interface Verdict {
  verdict: 'allow' | 'quarantine' | 'deny' | 'unknown';
  reasons: string[];
}

// Where nobody gave a score: the top of what the word means.
const scoreOfWord = { UNKNOWN: 10, LOW: 3.9, MEDIUM: 6.9, HIGH: 8.9, CRITICAL: 10 } as const;

/** Judges an image by its name, what a scanner said of it (`null`: nothing that could be read) and the policy. */
export function judgeImage(image: string, report: TrivyReport | null, policy: ImagePolicy, now: Date): Verdict {
  const { allowed_registries: registries } = policy;
  if (!registries.some((registry) => image.startsWith(`${registry}/`))) {
    return { verdict: 'deny', reasons: [`${image} is of no allowed registry: ${registries.join(', ')}`] };
  }
  if (!/@sha256:[0-9a-f]{64}$/.test(image)) {
    return { verdict: 'deny', reasons: [`${image} is named without a digest, and may be another tomorrow`] };
  }
  if (report === null) return { verdict: 'unknown', reasons: ['there is no report of a scanner'] };
  if (report.ArtifactName !== image) {
    return { verdict: 'unknown', reasons: [`the report is of ${report.ArtifactName}`] };
  }
  const ageHours = (now.getTime() - Date.parse(report.CreatedAt ?? '')) / 3_600_000;
  if (!(ageHours <= policy.scan_age_hours_max)) {
    return {
      verdict: 'unknown',
      reasons: [`the report is older than ${policy.scan_age_hours_max} hours, or does not say when it was made`],
    };
  }
  return judgeFindings(report, policy, now);
}

function judgeFindings(report: TrivyReport, policy: ImagePolicy, now: Date): Verdict {
  const today = now.toISOString().slice(0, 10);
  const found = report.Results.flatMap(({ Target, Vulnerabilities = [] }) =>
    Vulnerabilities.map((one) => ({ id: one.VulnerabilityID, where: one.PkgName ?? Target, score: scoreOf(one) })),
  );
  const expired = policy.ignored.filter(({ id, until }) => until < today && found.some((one) => one.id === id));
  const ignored = new Set(policy.ignored.filter(({ until }) => until >= today).map(({ id }) => id));
  const open = found.filter(({ id, score }) => score > policy.score_max && !ignored.has(id));
  const reasons = [
    ...open.map(({ id, where, score }) => `${id} in ${where}: ${score.toFixed(1)}`),
    ...expired.map(({ id, until }) => `${id} was accepted until ${until}`),
  ];
  if (open.length === 0) return { verdict: 'allow', reasons };
  return { verdict: open.some(({ score }) => score >= policy.score_denied) ? 'deny' : 'quarantine', reasons };
}

function scoreOf({ CVSS = {}, Severity }: z.infer<typeof Vulnerability>): number {
  const scores = Object.values(CVSS).flatMap(({ V3Score, V40Score }) =>
    [V3Score, V40Score].filter((score) => score !== undefined),
  );
  return scores.length === 0 ? scoreOfWord[Severity] : Math.max(...scores);
}
