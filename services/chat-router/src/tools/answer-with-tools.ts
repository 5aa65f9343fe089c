import { collectAnswer, toModelAnswer, type AnswerChat, type ChatCommand } from '../asking/answer-chat.ts';
import { sumOf, totalTokens } from '../asking/spending.ts';
import type { AnswerSink } from '../completions/answer-sink.ts';
import type { CompileSchema } from '../json-schema/compile-schema.ts';
import { LoopDeadline } from './loop-deadline.ts';
import { runToolLoop, toolsUsed, type PreparedLoop } from './run-tool-loop.ts';
import type { ServerTool } from './server-tool.ts';
import { streamWithTools } from './stream-with-tools.ts';
import { callPrefixOf, readToolQuestion, turnOf } from './tool-question.ts';

export interface AnswerWithToolsDeps {
  /** The names of the tools of the system that is asked as a model; none where a model or an alias is asked. */
  toolsOfSystem(command: ChatCommand): Promise<readonly string[]>;
  /** The names of the tools that a principal may have executed. */
  grantedTo(tenantId: string, principalId: string): Promise<string[]>;
  /** The tools of these names, as far as they are among those allowed. Throws for any other. */
  toolsOf(tenantId: string, names: readonly string[], allowed: readonly string[]): Promise<ServerTool[]>;
  compileSchema: CompileSchema;
  /** How long a model and its tools may take together. Default 300,000. */
  loopMsMax?: number;
}

const loopMsByDefault = 300_000;

/**
 * Answers with the tools of the router executed on the way: those that the request names in `tools` (only their names count;
 * what they take is registered here), or, where it names none, those of the system that it asks, or all that are granted to
 * the caller. Those of a system were allowed by whoever may write systems. What was executed stands in
 * the answer's `signalbox.tool_calls`, and its `usage` is that of all turns together. A model's calls are never shown as
 * calls that the client would have to answer.
 */
export function answerWithTools(deps: AnswerWithToolsDeps, next: AnswerChat): AnswerChat {
  return async (command, sink, signal) => {
    const { tenantId, principalId } = command.principal;
    const { names, stepsMax, request } = readToolQuestion(command.body);
    const [granted, ofSystem] = await Promise.all([deps.grantedTo(tenantId, principalId), deps.toolsOfSystem(command)]);
    const usual = ofSystem.length > 0 ? ofSystem : granted;
    const tools = await deps.toolsOf(tenantId, names ?? usual, [...granted, ...ofSystem]);
    const { compileSchema, loopMsMax = loopMsByDefault } = deps;
    using deadline = new LoopDeadline(signal, loopMsMax);
    const callPrefix = callPrefixOf(command);
    const loop: PreparedLoop = { request, tools, stepsMax, compileSchema, callPrefix, signal: deadline.signal };
    if (request.stream === true) await streamWithTools(next, command, loop, sink, deadline);
    else await documentWithTools(next, command, loop, sink).catch(deadline.rethrow);
  };
}

async function documentWithTools(
  next: AnswerChat,
  command: ChatCommand,
  loop: PreparedLoop,
  sink: AnswerSink,
): Promise<void> {
  let headers: Readonly<Record<string, string>> = {};
  const result = await runToolLoop({
    ...loop,
    async ask(request, turn) {
      const collected = await collectAnswer(next, turnOf(command, request, turn), loop.signal);
      headers = collected.headers;
      return toModelAnswer(collected);
    },
    execute: (_key, run) => run(),
  });
  const spent = sumOf(result.answers);
  const { promptTokens, completionTokens, costUsd } = spent;
  const total = totalTokens(spent);
  const usage =
    promptTokens === null || completionTokens === null || total === null
      ? {}
      : { usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: total } };
  const { usage: _usage, ...rest } = result.answer.completion;
  // What the last turn's head says of money and of the cache is not true of the whole.
  const { 'x-signalbox-cost-usd': _cost, 'x-signalbox-cache': _cache, ...others } = headers;
  const all = costUsd === null ? others : { ...others, 'x-signalbox-cost-usd': costUsd };
  sink.document(all, Buffer.from(JSON.stringify({ ...rest, ...usage, signalbox: toolsUsed(result) })));
}
