import type { ChatCompletionRequest } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import { z } from 'zod';
import { collectAnswer, toModelAnswer, withBody, type AnswerChat, type ChatCommand } from '../asking/answer-chat.ts';
import { sumOf, totalTokens } from '../asking/spending.ts';
import type { CompileSchema } from '../json-schema/compile-schema.ts';
import { runToolLoop, stepsMaxByDefault } from './run-tool-loop.ts';
import type { ServerTool } from './server-tool.ts';

export interface AnswerWithToolsDeps {
  /** The names of the tools that a principal may have executed. */
  grantedTo(tenantId: string, principalId: string): Promise<string[]>;
  /** The tools of these names, as far as they are among those allowed. Throws for any other. */
  toolsOf(tenantId: string, names: readonly string[], allowed: readonly string[]): Promise<ServerTool[]>;
  compileSchema: CompileSchema;
}

const stepsMaxAllowed = 20;
const Members = z.object({
  execute_tools: z.literal(true),
  max_tool_steps: z.int().min(1).max(stepsMaxAllowed).optional(),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).optional(),
});

/** True when the router itself is to execute what the model calls. */
export function executesTools({ body }: ChatCommand): boolean {
  const { execute_tools: executes } = body;
  return executes !== undefined && executes !== null && executes !== false;
}

/**
 * Answers with the tools of the router executed on the way: those that the request names in `tools` (only their names count;
 * what they take is registered here), or, where it names none, all that are granted to the caller. What was executed stands in
 * the answer's `signalbox.tool_calls`, and its `usage` is that of all questions together.
 */
export function answerWithTools(deps: AnswerWithToolsDeps, next: AnswerChat): AnswerChat {
  return async (command, sink, signal) => {
    const { principal, body, idempotencyKey } = command;
    const { tenantId, principalId } = principal;
    const { names, stepsMax, request } = readRequest(body);
    const allowed = await deps.grantedTo(tenantId, principalId);
    const tools = await deps.toolsOf(tenantId, names ?? allowed, allowed);
    let last: Awaited<ReturnType<typeof collectAnswer>> | null = null;
    const { answers, toolCalls, stopped } = await runToolLoop({
      request,
      tools,
      stepsMax,
      async ask(asked, turn) {
        const question = {
          ...withBody(command, asked),
          // Each turn reserves its own part of a budget, and is repeated on its own.
          requestId: turn === 1 ? command.requestId : newId('req'),
          options: { ...command.options, tags: { ...command.options.tags, parent_request: command.requestId } },
          idempotencyKey: idempotencyKey === null ? null : `${idempotencyKey.slice(0, 240)}/turn-${String(turn)}`,
        };
        last = await collectAnswer(next, question, signal);
        return toModelAnswer(last);
      },
      execute: (_key, call) => call(),
      compileSchema: deps.compileSchema,
      signal,
    });
    const { headers, completion } = last as unknown as Awaited<ReturnType<typeof collectAnswer>>;
    const spent = sumOf(answers);
    const { promptTokens, completionTokens } = spent;
    const total = totalTokens(spent);
    const usage =
      promptTokens === null || completionTokens === null || total === null
        ? {}
        : { usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: total } };
    const told = { tool_calls: toolCalls, tool_steps: answers.length - 1, stopped };
    const { usage: _usage, ...rest } = completion;
    sink.document(headers, Buffer.from(JSON.stringify({ ...rest, ...usage, signalbox: told })));
  };
}

function readRequest(body: ChatCompletionRequest): {
  names: string[] | null;
  stepsMax: number;
  request: ChatCompletionRequest;
} {
  const read = Members.safeParse(body);
  if (!read.success) {
    const fields = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    throw new AppError('validation_failed', undefined, { fields, details: { param: 'execute_tools' } });
  }
  if (body.stream === true) {
    throw new AppError('validation_failed', 'With execute_tools the answer is one document: leave stream out.', {
      details: { param: 'stream' },
    });
  }
  const {
    execute_tools: _executes,
    max_tool_steps: _steps,
    tools: _tools,
    ...request
  } = body as ChatCompletionRequest & {
    execute_tools?: unknown;
    max_tool_steps?: unknown;
    tools?: unknown;
  };
  const names = read.data.tools?.map((tool) => tool.function.name);
  return {
    names: names === undefined ? null : [...new Set(names)],
    stepsMax: read.data.max_tool_steps ?? stepsMaxByDefault,
    request,
  };
}
