import { setTimeout as sleep } from 'node:timers/promises';
import { ChatCompletion, createChatCompletion } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { identityHeader, signIdentity, type IdentityKeys, type Principal } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import type { ModelAnswer, ModelRequest, ResearchModel } from './research-model.ts';

export interface ChatRouterModelOptions {
  /** Where chat-router is. */
  url: string;
  /** The model, an alias or a system. */
  name: string;
  identityKeys: IdentityKeys;
  /** In whose name it is asked: their providers, their budgets, their ledger. */
  owner: Principal;
  /** Stands in the ledger with each call: for which job it was. */
  tags?: Readonly<Record<string, string>>;
}

const { path } = createChatCompletion;
const audience = 'chat-router';
/** Longer than the router waits for a provider, so that the router says what happened. */
const timeoutMs = 130_000;
const triesMax = 4;
const [restFirstMs, restMsMax] = [500, 20_000];

/**
 * A model behind chat-router. The same key is paid for once, also when the connection broke or the process died after the
 * router had answered. What may pass by itself is tried again, 4 times in all; `signal` ends the waiting and the call.
 */
export function createChatRouterModel(options: ChatRouterModelOptions): ResearchModel {
  return {
    name: options.name,
    async complete(request) {
      for (let attempt = 1; ; attempt += 1) {
        const outcome = await ask(options, request);
        if (outcome.kind === 'answered') return outcome.answer;
        if (attempt === triesMax || outcome.retryAfterMs === null) throw outcome.error;
        const restMs = Math.max(outcome.retryAfterMs, restFirstMs * 2 ** (attempt - 1));
        await sleep(Math.min(restMs, restMsMax), undefined, { signal: request.signal });
      }
    },
  };
}

type Outcome =
  | { kind: 'answered'; answer: ModelAnswer }
  /** `retryAfterMs` null: asking again would not help. */
  | { kind: 'failed'; error: AppError; retryAfterMs: number | null };

async function ask(options: ChatRouterModelOptions, request: ModelRequest): Promise<Outcome> {
  const { url, name, identityKeys, owner, tags } = options;
  const { messages, schema, maxTokens, idempotencyKey, signal } = request;
  signal.throwIfAborted();
  // A signature is worth something for half a minute: each try has its own.
  const identity = signIdentity(
    identityKeys,
    { audience, method: 'POST', path },
    { principal: owner, requestId: newId('req') },
  );
  const body = {
    model: name,
    messages,
    max_tokens: maxTokens,
    temperature: 0,
    ...(schema === undefined
      ? {}
      : { response_format: { type: 'json_schema', json_schema: { name: schema.name, schema: schema.schema } } }),
    ...(tags === undefined ? {} : { signalbox: { tags } }),
  };
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey, [identityHeader]: identity },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      redirect: 'error',
    });
    text = await answer.text();
  } catch (cause) {
    // Whoever asked gave it up: that is no failure of the model.
    signal.throwIfAborted();
    const error = new AppError('unavailable', 'The models cannot be reached at the moment.', { cause });
    return { kind: 'failed', error, retryAfterMs: 0 };
  }
  return answer.ok ? { kind: 'answered', answer: readAnswer(answer, text) } : refusal(answer, text);
}

function readAnswer(answer: Response, text: string): ModelAnswer {
  const fitted = ChatCompletion.safeParse(parsed(text));
  const [choice] = fitted.success ? fitted.data.choices : [];
  if (!fitted.success || choice === undefined)
    throw new AppError('provider_failed', 'The model gave no answer.', { cause: new Error(text.slice(0, 500)) });
  const cost = answer.headers.get('x-signalbox-cost-usd');
  // Found in a cache or kept for this key: this call itself costs nothing.
  const wasKept = ['hit', 'semantic'].includes(answer.headers.get('x-signalbox-cache') ?? '');
  return {
    text: choice.message.content ?? '',
    inputTokens: fitted.data.usage?.prompt_tokens ?? 0,
    outputTokens: fitted.data.usage?.completion_tokens ?? 0,
    costUsd: cost === null ? (wasKept ? 0 : null) : Number(cost),
    isCut: choice.finish_reason === 'length',
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What a refusal means here, and whether the same request may succeed later. Nothing of the router's words is shown. */
function refusal(answer: Response, text: string): Outcome {
  const cause = new Error(`${answer.status} ${text.slice(0, 500)}`);
  const seconds = Number(answer.headers.get('retry-after') ?? '0');
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : 0;
  const failed = (code: AppError['code'], message: string, isPassing: boolean): Outcome => ({
    kind: 'failed',
    error: new AppError(code, message, { cause, ...(isPassing && retryAfterMs > 0 ? { retryAfterMs } : {}) }),
    retryAfterMs: isPassing ? retryAfterMs : null,
  });
  switch (answer.status) {
    case 402:
      return failed('budget_exhausted', 'The budget for models is used up.', false);
    case 404:
      return failed('unprocessable', 'There is no such model.', false);
    case 409:
      return failed('unavailable', 'The call to the model came to nothing.', true);
    case 429:
      return failed('rate_limited', 'The model is asked too often.', true);
    case 401:
    case 403:
      return failed('forbidden', 'The owner of this research may not ask this model.', false);
    default:
      return answer.status >= 500
        ? failed('provider_failed', 'The model failed.', true)
        : failed('unprocessable', 'The model refused what it was asked.', false);
  }
}
