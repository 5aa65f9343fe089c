import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename } from 'node:path';
import { workflowProblems } from './workflow-problems.ts';

// GitHub's parser imports its schema as bundlers let one, without saying that it is JSON.
registerHooks({
  load: (url, context, next) =>
    url.endsWith('.json')
      ? { format: 'module', source: `export default ${readFileSync(new URL(url), 'utf8')}`, shortCircuit: true }
      : next(url, context),
});
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser');

/** What GitHub itself would say of a workflow: unknown keys, wrong types, expressions that cannot be read. */
async function parseProblems(file: string, content: string): Promise<string[]> {
  const { context, value } = parseWorkflow({ name: file, content }, new NoOperationTraceWriter());
  if (value !== undefined) await convertWorkflowTemplate(context, value);
  return context.errors.getErrors().map(({ message }) => message);
}

const problems: string[] = [];
for (const path of process.argv.slice(2)) {
  const content = readFileSync(path, 'utf8');
  const found = [...(await parseProblems(path, content)), ...workflowProblems(basename(path), content)];
  problems.push(...new Set(found));
}
for (const problem of problems) console.log(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
