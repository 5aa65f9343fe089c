import { z } from 'zod';
import { jsonIn } from '../json-schema/json-in.ts';

const stepsMax = 10;

const PlanStep = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/),
  task: z.string().min(1).max(4_000),
  depends_on: z.array(z.string()).max(stepsMax),
});
export type PlanStep = z.infer<typeof PlanStep>;

const Plan = z.strictObject({ steps: z.array(PlanStep).min(1).max(stepsMax) });
export type Plan = z.infer<typeof Plan>;

/** What a planner is told to answer. */
export const planInstructions = `Cut the task into at most ${String(stepsMax)} steps. Answer with one JSON object and nothing else:
{"steps": [{"id": "<small letters, digits, - and _>", "task": "<what is to be done>", "depends_on": ["<id of a step whose result is needed>"]}]}
Steps that do not depend on each other are done at the same time. Do not do the steps.`;

export type PlanReading = { kind: 'plan'; plan: Plan } | { kind: 'unusable'; reason: string };

/** Reads what a planner wrote: JSON, also in a fence, whose steps can all be done because none waits for itself. */
export function readPlan(text: string): PlanReading {
  const parsed = Plan.safeParse(jsonIn(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { kind: 'unusable', reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a plan'}` };
  }
  const plan = parsed.data;
  const ids = new Set(plan.steps.map(({ id }) => id));
  if (ids.size < plan.steps.length) return { kind: 'unusable', reason: 'Two steps bear one id.' };
  const unknown = plan.steps.flatMap((step) => step.depends_on).find((id) => !ids.has(id));
  if (unknown !== undefined) return { kind: 'unusable', reason: `There is no step ${unknown} to depend on.` };
  if (orderOf(plan) === null) return { kind: 'unusable', reason: 'Steps wait for each other in a circle.' };
  return { kind: 'plan', plan };
}

/** The steps that can be begun: all that they depend on is done, and they are not begun yet. */
export function readySteps(plan: Plan, done: ReadonlySet<string>, begun: ReadonlySet<string>): PlanStep[] {
  return plan.steps.filter(({ id, depends_on: needs }) => !begun.has(id) && needs.every((need) => done.has(need)));
}

function orderOf(plan: Plan): string[] | null {
  const done = new Set<string>();
  for (;;) {
    const ready = readySteps(plan, done, done);
    if (ready.length === 0) return done.size === plan.steps.length ? [...done] : null;
    for (const { id } of ready) done.add(id);
  }
}
