import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { ImagePolicy, judgeImage, TrivyReport } from './image-policy.ts';

const { values } = parseArgs({
  options: { image: { type: 'string' }, scan: { type: 'string' }, policy: { type: 'string' } },
});
const { image, scan, policy } = values;
if (image === undefined || scan === undefined || policy === undefined) {
  console.error('judge-image --image NAME@sha256:… --scan trivy.json --policy image-policy.yaml');
  process.exitCode = 2;
} else {
  const text = await readFile(scan, 'utf8').catch(() => null);
  const judged = judgeImage(
    image,
    readTrivy(text),
    ImagePolicy.parse(parse(await readFile(policy, 'utf8'))),
    new Date(),
  );
  console.log(judged.verdict);
  for (const reason of judged.reasons) console.log(`  ${reason}`);
  // Only `allow` goes on; the others differ in what is to be done.
  process.exitCode = { allow: 0, quarantine: 3, deny: 4, unknown: 5 }[judged.verdict];
}

function readTrivy(text: string | null): TrivyReport | null {
  if (text === null) return null;
  try {
    const parsed = TrivyReport.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
