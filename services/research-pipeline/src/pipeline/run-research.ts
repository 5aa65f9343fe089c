import { AppError } from '@signalbox/errors';
import type { Analysis } from '../analysis/analysis.ts';
import { analyse as analyseSources } from '../analysis/analyse.ts';
import type { RunOutcome } from '../jobs/work-off-job.ts';
import type { ResearchModel } from '../model/research-model.ts';
import { makeReport } from '../reports/make-report.ts';
import type { SearchOutcome, Source } from '../sources/source.ts';
import { BudgetExhausted, type JobRun } from '../steps/job-run.ts';
import { planQuestions } from '../writing/plan-questions.ts';
import type { Section } from '../writing/section.ts';
import { chargeModel } from './charge-model.ts';
import { gatherSources } from './gather-sources.ts';
import type { ResearchTools } from './research-tools.ts';
import { writeSections } from './write-sections.ts';

/**
 * Takes a job through its stages, from wherever an earlier worker left it. Everything that costs or that may come out
 * otherwise the next time is a step; what is not follows from the steps alone, so every run ends at the same report.
 */
export async function runResearch(run: JobRun, given: ResearchTools): Promise<RunOutcome> {
  const tools = given.model === null ? given : { ...given, model: chargeModel(run, given.model) };
  run.progress.mode = tools.mode;
  const questions = await plan(run, tools.model);
  if (run.job.request.pause_on_plan === true && run.job.approved_at === null) return { kind: 'planned' };

  const { sources, searches } = await gatherSources(run, tools, questions);
  // Nothing is written from nothing: a writer without sources invents some.
  const sections = sources.length === 0 ? [] : await writeSections(run, tools, { questions, sources });
  const analysis = sources.length === 0 ? null : await analyse(run, tools, { questions, sources });
  const whole = run.usedUp(1);
  if (whole !== null) run.progress.partialReason ??= `The budget of ${whole} is used up.`;
  return publish(run, tools, { sources, searches, sections, analysis });
}

async function plan(run: JobRun, model: ResearchModel | null): Promise<string[]> {
  const { topic, breadth = 4, depth = 1, sections = [], language } = run.job.request;
  await run.enter('plan', 1);
  const input = { topic, breadth, depth, sections, language, model: model?.name ?? null };
  const { questions } = await run.step({ stage: 'plan', key: 'questions', input }, async () => {
    const planned = await planQuestions({
      topic,
      breadth,
      depth,
      sections,
      language: language?.slice(0, 2) ?? null,
      model,
      idempotencyKey: 'plan',
      signal: run.signal,
    });
    run.progress.questions = planned;
    return { output: { questions: planned }, events: [{ type: 'plan', data: { questions: planned } }] };
  });
  run.progress.questions = questions;
  run.done('plan');
  return questions;
}

async function analyse(
  run: JobRun,
  tools: ResearchTools,
  { questions, sources }: { questions: readonly string[]; sources: readonly Source[] },
): Promise<Analysis | null> {
  await run.enter('analyse', 1);
  const { topic } = run.job.request;
  const found = await run.step<{ analysis: Analysis | null }>(
    {
      stage: 'analyse',
      key: 'analysis',
      input: { topic, questions, sources: sources.map(({ sha256 }) => sha256), model: tools.model?.name ?? null },
    },
    async () => ({ output: { analysis: await analyseOrLeave(run, tools, { questions, sources }) } }),
  );
  if (found.analysis === null)
    run.warn({
      code: 'analysis_failed',
      message: 'The sources could not be analysed; that part is absent.',
      subject: null,
    });
  run.done('analyse');
  return found.analysis;
}

/** A report without an analysis is a report: what cannot be had is absent, and no filler. */
async function analyseOrLeave(
  run: JobRun,
  tools: ResearchTools,
  { questions, sources }: { questions: readonly string[]; sources: readonly Source[] },
): Promise<Analysis | null> {
  const { signal } = run;
  const asked = { topic: run.job.request.topic, questions, sources, idempotencyKey: 'analysis', signal };
  const model = run.progress.partialReason === null ? tools.model : null;
  try {
    return await analyseSources({ ...asked, model });
  } catch (thrown) {
    if (thrown instanceof BudgetExhausted) {
      run.progress.partialReason = `${thrown.message} The analysis was made without a model.`;
      return analyseSources({ ...asked, model: null });
    }
    if (thrown instanceof AppError && thrown.code !== 'unavailable' && thrown.code !== 'internal') return null;
    throw thrown;
  }
}

async function publish(
  run: JobRun,
  tools: ResearchTools,
  made: { sources: Source[]; searches: SearchOutcome[]; sections: Section[]; analysis: Analysis | null },
): Promise<RunOutcome> {
  const { job, progress, signal } = run;
  // Time is not the same for two runs at the same job, and the report is.
  const { wall_seconds: _budgeted, ...budget } = job.budget;
  const { wall_seconds: _spent, ...spent } = progress.spent;
  await run.enter('render', 1);
  const { sha256, publish: put } = await makeReport(
    tools.storage,
    {
      tenantId: job.tenant_id,
      ...made,
      jobId: job.id,
      topic: job.request.topic,
      language: job.request.language?.slice(0, 2) ?? null,
      asOf: job.created_at,
      mode: tools.mode,
      warnings: progress.warnings,
      degraded: progress.degraded,
      budget,
      spent,
      partialReason: progress.partialReason,
      expiresAt: job.expires_at,
    },
    signal,
  );
  run.done('render');
  await run.enter('publish', 1);
  run.done('publish');
  const kind = progress.partialReason === null ? 'completed' : 'completed_in_part';
  return { kind, reportSha256: sha256, publish: put };
}
