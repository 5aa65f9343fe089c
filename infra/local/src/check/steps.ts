import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as contracts from '@signalbox/contracts';
import { collectFacts, dependabotProblems, manifestProblems } from '@signalbox/delivery';
import { dashboards, expressionsOf, metricProblems, registeredMetrics, ruleExpressions } from '@signalbox/watching';
import { compareGenerated } from './compare-generated.ts';
import { compileSamples } from './compile-samples.ts';
import { containerProblems } from './container-problems.ts';
import { contractProblems } from './contract-problems.ts';
import { documentProblems, samplesOf } from './document-problems.ts';
import { layoutProblems } from './layout-problems.ts';
import { listMadeSecrets } from './list-made-secrets.ts';
import { readRepository } from './repository-files.ts';
import { runTool } from './run-tool.ts';
import { services } from '../services.ts';
import { outcomeOf, type Step } from './step.ts';
import { workspaceProblems } from './workspace-problems.ts';

const format: Step = {
  name: 'format',
  run: (root) =>
    runTool(root, 'prettier/bin/prettier.cjs', [
      ...['--config', '.config/prettier.json', '--ignore-path', '.config/prettierignore'],
      ...['--log-level', 'warn', '--check', '.'],
    ]),
};

// Without a cache: eslint's goes by a file's own text, and what these rules say of a file depends on types in others.
const lint: Step = {
  name: 'lint',
  run: (root) =>
    runTool(root, 'eslint/bin/eslint.js', ['--config', '.config/eslint.config.js', '--max-warnings', '0', '.']),
};

const types: Step = {
  name: 'types',
  async run(root) {
    const tsc = '@typescript/native/bin/tsc';
    const built = await runTool(root, tsc, ['-b', '.config/tsconfig.build.json']);
    const tested = await runTool(root, tsc, ['--noEmit', '-p', '.config/tsconfig.tests.json']);
    return { ok: built.ok && tested.ok, output: [built.output, tested.output].filter(Boolean).join('\n') };
  },
};

const architecture: Step = {
  name: 'architecture',
  run: (root) =>
    runTool(root, 'dependency-cruiser/bin/dependency-cruiser.mjs', [
      ...['--config', '.config/dependency-cruiser.js', '--output-type', 'err-long'],
      ...['packages', 'services', 'infra', 'e2e', 'bench'],
    ]),
};

const deadCode: Step = {
  name: 'dead-code',
  run: (root) =>
    runTool(root, 'knip/bin/knip.js', ['--config', '.config/knip.json', '--no-progress', '--no-config-hints']),
};

const layout: Step = {
  name: 'layout',
  async run(root) {
    const files = await readRepository(root);
    return outcomeOf([...layoutProblems(files), ...workspaceProblems(files)]);
  },
};

const agreements: Step = {
  name: 'contracts',
  run: async (root) => outcomeOf(contractProblems(contracts.allRoutes, contracts, await readRepository(root))),
};

const containers: Step = {
  name: 'containers',
  async run(root) {
    const [files, madeSecrets] = await Promise.all([readRepository(root), listMadeSecrets(root)]);
    return outcomeOf(containerProblems(files, madeSecrets));
  },
};

const manifests: Step = {
  name: 'manifests',
  async run(root) {
    const files = await readRepository(root);
    const { version } = JSON.parse(files.find(({ path }) => path === 'package.json')?.text ?? '{}') as {
      version: string;
    };
    const facts = collectFacts(files, services, version);
    const made = facts.overlays.map(({ name, manifests: all }) => `${name} ${all.length}`).join(', ');
    return outcomeOf(manifestProblems(facts), `${made} manifests`);
  },
};

const watching: Step = {
  name: 'watching',
  async run(root) {
    const files = await readRepository(root);
    const asked = [
      ...ruleExpressions(files),
      ...dashboards.flatMap((dashboard) =>
        expressionsOf(dashboard, '1m').map(({ panel, expr }) => ({ where: `${dashboard.title}, ${panel}`, expr })),
      ),
    ];
    return outcomeOf(metricProblems(asked, registeredMetrics(files)), `${asked.length} expressions`);
  },
};

const workflows: Step = {
  name: 'workflows',
  async run(root) {
    const files = await readRepository(root);
    const paths = files.map(({ path }) => path);
    const dependabot = files.find(({ path }) => path === '.github/dependabot.yml');
    const given = paths.filter((path) => /^\.github\/workflows\/[\w-]+\.yml$/.test(path));
    const parsed = await runTool(root, '../infra/delivery/src/workflows/check-workflows-main.ts', given);
    const problems =
      dependabot === undefined ? ['.github/dependabot.yml is not there'] : dependabotProblems(dependabot.text, paths);
    return outcomeOf([...problems, ...(parsed.ok ? [] : [parsed.output])], `${given.length} workflows`);
  },
};

const documents: Step = {
  name: 'documents',
  async run(root) {
    const files = await readRepository(root);
    const problems = documentProblems(files);
    const samples = samplesOf(files);
    const compiled = await compileSamples(root, files, samples);
    return outcomeOf([...problems, ...(compiled.ok ? [] : [compiled.output])], `${samples.length} samples compile`);
  },
};

const generated: Step = {
  name: 'generated',
  async run(root) {
    const { makeGenerated } = await import('./make-generated.ts');
    const files = await readRepository(root);
    const problems = compareGenerated(await makeGenerated(root, files), files);
    return outcomeOf(problems.length === 0 ? [] : [...problems, 'Make them anew with: npm run check -- --write']);
  },
};

/** In the order in which they are begun: the longest first. */
export const steps: readonly Step[] = [
  ...[lint, format, types, architecture, deadCode],
  ...[layout, agreements, containers, manifests, watching, workflows, documents, generated],
];

/** Writes what is generated and committed anew; gives the paths. */
export async function writeGenerated(root: string): Promise<string[]> {
  const { makeGenerated } = await import('./make-generated.ts');
  const made = await makeGenerated(root, await readRepository(root));
  await Promise.all(made.map(({ path, text }) => writeFile(join(root, path), text)));
  return made.map(({ path }) => path);
}
