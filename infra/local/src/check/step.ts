/** What one step of the check found. `ok: true` with an output is a remark, such as why something was skipped. */
export interface StepOutcome {
  ok: boolean;
  output: string;
}

/** One step: it looks at the repository under `root`, needs no other step, and changes nothing that is tracked. */
export interface Step {
  name: string;
  run: (root: string) => Promise<StepOutcome>;
}

/** The outcome of a step that makes a list of problems, one line each. */
export function outcomeOf(problems: readonly string[], remark = ''): StepOutcome {
  return problems.length === 0 ? { ok: true, output: remark } : { ok: false, output: problems.join('\n') };
}
