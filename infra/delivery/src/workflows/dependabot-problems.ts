import { parse } from 'yaml';
import { z } from 'zod';

const Update = z.strictObject({
  'package-ecosystem': z.enum(['npm', 'docker', 'docker-compose', 'github-actions']),
  directory: z.string().startsWith('/').optional(),
  directories: z.array(z.string().startsWith('/')).optional(),
  schedule: z.strictObject({
    interval: z.enum(['daily', 'weekly', 'monthly']),
    day: z.string().optional(),
    time: z
      .string()
      .regex(/^\d\d:\d\d$/)
      .optional(),
    timezone: z.string().optional(),
  }),
  'open-pull-requests-limit': z.int().optional(),
  cooldown: z.strictObject({ 'default-days': z.int() }).optional(),
  groups: z
    .record(
      z.string(),
      z.strictObject({
        patterns: z.array(z.string()).optional(),
        'dependency-type': z.enum(['development', 'production']).optional(),
        'update-types': z.array(z.enum(['major', 'minor', 'patch'])).optional(),
        'applies-to': z.enum(['version-updates', 'security-updates']).optional(),
      }),
    )
    .optional(),
});
const Dependabot = z.strictObject({ version: z.literal(2), updates: z.array(Update) });

/** What is wrong with `.github/dependabot.yml`: keys it does not know, folders that are not there, ecosystems left out. */
export function dependabotProblems(text: string, paths: readonly string[]): string[] {
  const parsed = Dependabot.safeParse(parse(text));
  if (!parsed.success)
    return parsed.error.issues.map(({ path, message }) => `dependabot.yml: ${path.join('.')}: ${message}`);
  const { updates } = parsed.data;
  const missing = ['npm', 'docker', 'github-actions']
    .filter((ecosystem) => !updates.some((update) => update['package-ecosystem'] === ecosystem))
    .map((ecosystem) => `dependabot.yml: nobody updates ${ecosystem}`);
  const folders = updates.flatMap(({ directory, directories }) => [
    ...(directories ?? []),
    ...(directory === undefined ? [] : [directory]),
  ]);
  const lost = folders
    .map((folder) => folder.replace(/^\//, '').replace(/\*$/, ''))
    .filter((folder) => folder !== '' && !paths.some((path) => path.startsWith(folder)))
    .map((folder) => `dependabot.yml: ${folder} is not there`);
  return [...missing, ...lost];
}
