import { join } from 'node:path';
import { steps, writeGenerated } from './check/steps.ts';
import type { Step } from './check/step.ts';

/** One step as it ended. */
export interface CheckResult {
  name: string;
  ok: boolean;
  ms: number;
  output: string;
}

const repository = join(import.meta.dirname, '../../..');
// Every step is a process of its own or waits for one; more than two at a time only slow each other down on small machines.
const lanes = 2;

/**
 * Runs every step of the check (or those named), also after one failed, and tells each as it ends. It needs the
 * dependencies to be installed and nothing else. Throws nothing: a step that breaks is a step that failed.
 */
export async function runCheck({
  names = steps.map((step) => step.name),
  tell = console.log,
}: { names?: readonly string[]; tell?: (line: string) => void } = {}): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const waiting = steps.filter((step) => names.includes(step.name)).entries();
  const lane = async (): Promise<void> => {
    for (const [index, step] of waiting) {
      const result = await runStep(step);
      results[index] = result;
      tell(progressLine(result));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

async function runStep(step: Step): Promise<CheckResult> {
  const startedAt = performance.now();
  const outcome = await step.run(repository).catch((thrown: unknown) => ({
    ok: false,
    output: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
  }));
  return { name: step.name, ms: Math.round(performance.now() - startedAt), ...outcome };
}

function progressLine({ name, ok, ms, output }: CheckResult): string {
  const line = `${ok ? '✓' : '✗'} ${name.padEnd(16)} ${(ms / 1000).toFixed(1).padStart(5)} s`;
  if (output === '') return line;
  return ok ? `${line}  ${output}` : `${line}\n${output.replaceAll(/^/gm, '    ')}`;
}

if (import.meta.main) {
  process.exitCode = await main(process.argv.slice(2));
}

/** `--write` first makes the generated files anew; names of steps run those alone. */
async function main(given: readonly string[]): Promise<number> {
  if (given.includes('--write')) {
    for (const path of await writeGenerated(repository)) console.log(`wrote ${path}`);
  }
  const names = given.filter((argument) => argument !== '--write');
  const unknown = names.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`There is no step ${unknown.join(', ')}; there are ${steps.map((step) => step.name).join(', ')}.`);
    return 2;
  }
  const results = await runCheck(names.length === 0 ? {} : { names });
  const failed = results.filter((result) => !result.ok).map((result) => result.name);
  console.log(
    failed.length === 0
      ? `All ${results.length} steps of the check passed.`
      : `${failed.length} of ${results.length} steps of the check failed: ${failed.join(', ')}.`,
  );
  return failed.length === 0 ? 0 : 1;
}
