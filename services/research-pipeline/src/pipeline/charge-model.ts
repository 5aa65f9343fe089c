import type { ModelAnswer, ResearchModel } from '../model/research-model.ts';
import { BudgetExhausted, type JobRun } from '../steps/job-run.ts';

/** No tokenizer of any model makes more tokens of a text than it has of these. */
const charactersPerToken = 2;

/**
 * The same model, whose every answer is remembered as a step of the job, so that none is paid for twice. Its tokens are
 * reserved before a call and settled after it. A call that does not fit the budget throws `BudgetExhausted`.
 */
export function chargeModel(run: JobRun, model: ResearchModel): ResearchModel {
  return {
    name: model.name,
    complete: ({ signal: _signal, idempotencyKey: key, ...request }) =>
      run.step({ stage: 'model', key, input: { model: model.name, ...request } }, async () => {
        const written = request.messages.reduce((sum, { content }) => sum + content.length, 0);
        const most = Math.ceil(written / charactersPerToken) + request.maxTokens;
        // What a call will cost is known when it has been made: the first one beyond the budget is the last.
        const overdrawn = run.usedUp(1);
        if (overdrawn !== null) throw new BudgetExhausted(overdrawn);
        const answer: ModelAnswer = await run.reserving({ llm_tokens: most }, () =>
          model.complete({ ...request, idempotencyKey: `${run.job.id}:${key}`, signal: run.signal }),
        );
        const cost = { llm_tokens: answer.inputTokens + answer.outputTokens, usd: answer.costUsd ?? 0 };
        return { output: answer, cost };
      }),
  };
}
