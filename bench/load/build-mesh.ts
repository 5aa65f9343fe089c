import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const checkout = resolve(import.meta.dirname, '../..');

/** Our own processes run what is built, as they do in production; turbo knows what is stale. */
export function buildMesh(): void {
  execFileSync(join(checkout, 'node_modules/.bin/turbo'), ['run', 'build', '--output-logs=errors-only'], {
    cwd: checkout,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
