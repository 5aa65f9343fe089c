import type { SignalboxOptions } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { NanoUsd } from '../money/nano-usd.ts';
import { Deadline } from '../resilience/deadline.ts';
import type { RivalScorer } from '../resilience/run-rivals.ts';
import type { RequestFacts } from '../routing/request-facts.ts';
import type { AnswerCommand } from './answer-command.ts';
import { answerTextOf } from './answer-text.ts';
import { findRoute } from './find-route.ts';
import type { Pipeline } from './pipeline.ts';

/** So much of the time that is left is a judge's at most: an answer must still be given when there is no verdict. */
const [judgeMsMax, judgeShareMax] = [30_000, 0.5];

/** The scorer that a request names. What a judge costs is added to `costs`. */
export function scorerOf<Body>(
  { judge }: Pick<Pipeline, 'judge'>,
  { options, ingress, body, principal, requestId }: AnswerCommand<Body>,
  systemId: string | null,
  costs: (NanoUsd | null)[],
): RivalScorer {
  const { scorer = 'fastest', tags = {} } = options;
  if (typeof scorer === 'string') return { kind: scorer };
  const { model } = scorer;
  return {
    kind: 'judge',
    model,
    async pick(answers, { signal, leftMs }) {
      using time = new Deadline(signal, Math.min(judgeMsMax, Math.max(1, leftMs * judgeShareMax)));
      const texts = answers.map(({ opened }) =>
        opened.kind === 'document' ? answerTextOf(ingress.dialect, opened.document.body) : '',
      );
      const caller = { principal, requestId };
      const verdict = await judge(
        { model, request: ingress.toChat(body), answers: texts, caller, systemId, tags },
        time.signal,
      );
      costs.push(verdict.usd);
      return verdict;
    },
  };
}

/**
 * Refuses a judge that does not exist before anybody is asked: that is a slip of the caller's. One that rests or has no key is
 * none, and its failure will be told.
 */
export async function assertJudge(
  pipeline: Pipeline,
  { options, principal }: Pick<AnswerCommand, 'options' | 'principal'>,
): Promise<void> {
  const { scorer } = options;
  if (typeof scorer !== 'object') return;
  try {
    await findRoute(pipeline, { principal, options: plain }, { ...anyQuestion, model: scorer.model });
  } catch (thrown) {
    const isSlip = thrown instanceof AppError && (thrown.code === 'not_found' || thrown.code === 'validation_failed');
    if (!isSlip) return;
    throw new AppError('validation_failed', `Nobody can judge: ${thrown.message}`, {
      details: { ...thrown.details, param: 'signalbox.scorer.model' },
    });
  }
}

const plain: SignalboxOptions = {};
const anyQuestion: Omit<RequestFacts, 'model'> = {
  needs: { vision: false, tools: false, jsonSchema: false, reasoning: false },
  inputCharacters: 0,
  messages: 2,
  images: 0,
  outputTokensMax: null,
  metadata: {},
  isDeterministic: false,
};
