// `npm run bench -- [SUITE] [options]`: each suite is a program of its own.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const suites = readdirSync(join(import.meta.dirname, 'suites'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));
const asked = process.argv[2];
const suite = asked === undefined || asked.startsWith('-') ? 'gateway' : asked;
if (!suites.includes(suite)) {
  console.error(`There is no benchmark ${suite}; there are: ${suites.join(', ')}.`);
  process.exitCode = 2;
} else {
  if (suite === asked) process.argv.splice(2, 1);
  await import(`./suites/${suite}.ts`);
}
