import { parse } from 'yaml';
import { at, isObject, listAt, objectAt, textAt, type Json } from '../manifests/json.ts';

// What somebody outside chooses: as text of a script it would be run.
const chosenOutside = /\$\{\{[^}]*(github\.(event|head_ref|actor)|inputs\.|steps\.|needs\.)[^}]*\}\}/;

/** What we ask of a workflow beyond what GitHub does, one line for each thing that it lacks. */
export function workflowProblems(name: string, text: string): string[] {
  const workflow = parse(text) as Json;
  const problems: string[] = [];
  const tell = (problem: string): void => void problems.push(`${name}: ${problem}`);
  const jobs = Object.entries(objectAt(workflow, 'jobs'));
  const permissions = objectAt(workflow, 'permissions');
  if (Object.keys(permissions).length === 0)
    tell('says no permissions: the token may then do what the repository lets it');
  if (Object.values(permissions).includes('write')) tell('writes for all jobs: give it to the job that needs it');
  if ('pull_request_target' in objectAt(workflow, 'on'))
    tell('pull_request_target runs with secrets on code of others');
  if (textAt(workflow, 'concurrency.group') === '') tell('says no concurrency');
  for (const [id, job] of jobs) {
    if (at(job, 'timeout-minutes') === undefined) tell(`${id}: set timeout-minutes`);
    for (const step of listAt(job, 'steps')) {
      const [run, uses] = [textAt(step, 'run'), textAt(step, 'uses')];
      if (chosenOutside.test(run))
        tell(`${id}: "${run.split('\n')[0] ?? ''}" puts an expression into a script; hand it over in env`);
      if (uses !== '' && !/@(v\d+|v?\d+\.\d+\.\d+|[0-9a-f]{40})$/.test(uses)) tell(`${id}: ${uses} names no version`);
      const isCheckout = uses.startsWith('actions/checkout@');
      if (isCheckout && at(step, 'with.persist-credentials') !== false)
        tell(`${id}: checkout leaves the token in the folder`);
    }
  }
  if (jobs.some(([, job]) => isObject(job) && !Array.isArray(job['steps']))) tell('a job without steps');
  return problems;
}
