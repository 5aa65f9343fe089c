import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { StepOutcome } from './step.ts';

/**
 * Runs a tool of the root's dependencies, on the Node that runs this, and takes its exit status for the answer. `script`
 * is the tool's file below `node_modules`.
 */
export async function runTool(root: string, script: string, args: readonly string[]): Promise<StepOutcome> {
  const tool = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', PATH: `${binaries(root)}:${process.env['PATH'] ?? ''}` },
  });
  const chunks: Buffer[] = [];
  tool.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  tool.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    tool.once('error', reject);
    tool.once('close', resolve);
  });
  const output = Buffer.concat(chunks).toString().trim();
  return code === 0
    ? { ok: true, output: '' }
    : { ok: false, output: output || `${script} ended with ${String(code)}` };
}

function binaries(root: string): string {
  return join(root, 'node_modules/.bin');
}
