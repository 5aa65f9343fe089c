import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '@signalbox/errors';
import { defaultConfigurationText } from './configuration/alerting-configuration.ts';
import { readConfiguration } from './configuration/read-configuration.ts';
import { readYaml } from './rules/read-rules.ts';
import { testRules } from './rules/test-rules.ts';

const flag = '--config.file=';
const args = process.argv.slice(2);
const files = args.filter((argument) => !argument.startsWith('--'));
const calledFrom = process.env['INIT_CWD'] ?? process.cwd();
const read = (file: string): Promise<string> => readFile(resolve(calledFrom, file), 'utf8');

/** `npm run test-rules -- [--config.file=alertmanager.yml] rules.yml …`: the unit tests of files of rules. */
async function main(): Promise<number> {
  if (files.length === 0) {
    console.error('Which files? npm run test-rules -- [--config.file=alertmanager.yml] rules.yml …');
    return 2;
  }
  const configuration = args.find((argument) => argument.startsWith(flag))?.slice(flag.length);
  const { route } = readConfiguration(
    configuration === undefined ? defaultConfigurationText : await read(configuration),
  );
  let failed = 0;
  for (const file of files) {
    console.log(file);
    for (const { name, passed, failures } of await testRules(readYaml(await read(file)), route)) {
      console.log(`  ${passed ? 'passed' : 'FAILED'}  ${name}`);
      for (const failure of failures) console.log(`          ${failure}`);
      if (!passed) failed += 1;
    }
  }
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (thrown) {
  const fields = thrown instanceof AppError ? thrown.fields.map(({ path, message }) => `${path}: ${message}`) : [];
  console.error([thrown instanceof Error ? thrown.message : String(thrown), ...fields].join('\n'));
  process.exitCode = 2;
}
