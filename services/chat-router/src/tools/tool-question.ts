import { createHash } from 'node:crypto';
import type { ChatCompletionRequest } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import { z } from 'zod';
import { withBody, type ChatCommand } from '../asking/answer-chat.ts';
import { stepsMaxByDefault } from './run-tool-loop.ts';

const stepsMaxAllowed = 20;
const Members = z.object({
  execute_tools: z.literal(true),
  max_tool_steps: z.int().min(1).max(stepsMaxAllowed).optional(),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).optional(),
  n: z.literal(1, { error: 'Expected one answer at a time with execute_tools.' }).nullish(),
});

export interface ToolQuestion {
  /** The tools that the request names; null: all that are granted. */
  names: string[] | null;
  stepsMax: number;
  /** What remains for the model. */
  request: ChatCompletionRequest;
}

/** True when the router itself is to execute what the model calls. */
export function executesTools(body: Readonly<Record<string, unknown>>): boolean {
  const { execute_tools: executes } = body;
  return executes !== undefined && executes !== null && executes !== false;
}

/**
 * True when a request says nothing of tools, so that those of a system that it asks are executed. Whoever brings tools of its
 * own answers their calls itself.
 */
export function leavesToolsToSystem(body: Readonly<Record<string, unknown>>): boolean {
  const { execute_tools: executes, tools } = body;
  const isSilent = executes === undefined || executes === null;
  return isSilent && (!Array.isArray(tools) || tools.length === 0);
}

/** What a request with `execute_tools` asks for. Throws `validation_failed`, naming the member that is wrong. */
export function readToolQuestion(body: ChatCompletionRequest): ToolQuestion {
  const read = Members.safeParse(body);
  if (!read.success) {
    const fields = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    throw new AppError('validation_failed', undefined, {
      fields,
      details: { param: fields[0]?.path ?? 'execute_tools' },
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

/** What the calls of a request belong to: under the client's key it is the same request again. */
export function callPrefixOf({ principal, requestId, idempotencyKey }: ChatCommand): string {
  if (idempotencyKey === null) return requestId;
  return createHash('sha256').update(`${principal.principalId}\n${idempotencyKey}`).digest('hex').slice(0, 40);
}

/** One turn of a request as a request of its own: each reserves its own part of a budget, and is billed for itself. */
export function turnOf(command: ChatCommand, request: ChatCompletionRequest, turn: number): ChatCommand {
  return {
    ...withBody(command, request),
    requestId: turn === 1 ? command.requestId : newId('req'),
    options: { ...command.options, tags: { ...command.options.tags, parent_request: command.requestId } },
    // The whole is one request under the client's key: a tool need not say the same again.
    idempotencyKey: null,
  };
}
