import type { ChatCompletionRequest, ToolCallRecord, ToolsUsed } from '@signalbox/contracts';
import { AppError, type FieldError } from '@signalbox/errors';
import { toolCallsOf, type ModelAnswer, type ToolCall } from '../asking/ask.ts';
import type { CompileSchema } from '../json-schema/compile-schema.ts';
import type { ServerTool } from './server-tool.ts';

export const stepsMaxByDefault = 5;
const callsPerStepMax = 8;
const outputCharactersMax = 65_536;

export interface ToolLoop {
  request: ChatCompletionRequest;
  /** The tools that may be executed here, and the only ones that the model is told of. */
  tools: readonly ServerTool[];
  /** How often the model may call tools before it has to answer. */
  stepsMax: number;
  /** Asks the model; `turn` counts from 1. */
  ask(request: ChatCompletionRequest, turn: number): Promise<ModelAnswer>;
  /** Executes a call by `run`, or remembers that it was executed; whoever is to hear of it hears it from here. */
  execute(key: string, run: () => Promise<ExecutedCall>, call: ToolCall): Promise<ExecutedCall>;
  compileSchema: CompileSchema;
  /** What its calls belong to: not every model's ids are unique, so that the calls' own begin with this. */
  callPrefix: string;
  signal: AbortSignal;
}

/** A loop but for who asks in it and who hears of its calls. */
export type PreparedLoop = Omit<ToolLoop, 'ask' | 'execute'>;

/** What became of a call, and what the model is told of it. */
export type ExecutedCall = ToolCallRecord & { output: string };

export interface ToolLoopResult {
  answer: ModelAnswer;
  /** All that was asked, the answer last. */
  answers: ModelAnswer[];
  toolCalls: ToolCallRecord[];
  /** `step_cap`: the model had to answer because it had called tools as often as it may. */
  stopped: 'answer' | 'step_cap';
}

/**
 * Lets a model call tools until it answers, or until it has called them `stepsMax` times: then it must answer without.
 * Whatever goes wrong with a tool is told to the model, as data, and recorded; only what goes wrong with the model is thrown.
 */
export async function runToolLoop(loop: ToolLoop): Promise<ToolLoopResult> {
  const { tools, stepsMax } = loop;
  const definitions = tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: { name, description, parameters },
  }));
  const { tool_choice: wish, ...unforced } = loop.request;
  const answers: ModelAnswer[] = [];
  const toolCalls: ToolCallRecord[] = [];
  let messages = loop.request.messages;
  for (let step = 0; ; step += 1) {
    const isLast = step === stepsMax;
    const request = {
      // A call that somebody insists on is made once: insisted on for ever, no answer would come.
      ...(step === 0 || !isForced(wish) ? loop.request : unforced),
      messages,
      ...(definitions.length === 0 ? {} : { tools: definitions }),
      ...(isLast && definitions.length > 0 ? { tool_choice: 'none' } : {}),
    };
    const answer = await loop.ask(request, step + 1);
    answers.push(answer);
    const calls = toolCallsOf(answer);
    if (calls.length === 0) return { answer, answers, toolCalls, stopped: isLast ? 'step_cap' : 'answer' };
    if (isLast) {
      throw new AppError(
        'provider_failed',
        `The model called tools ${String(stepsMax)} times and then did not answer.`,
      );
    }
    const executed = await Promise.all(
      calls.map((call, index) => {
        const key = `${String(step + 1)}.${String(index + 1)}`;
        return loop.execute(key, () => executeCall(loop, call, { key, index }), call);
      }),
    );
    loop.signal.throwIfAborted();
    toolCalls.push(...executed.map(({ output: _output, ...record }) => record));
    messages = [
      ...messages,
      // As the model wrote it: some want back more than its calls.
      {
        ...answer.completion.choices[0]?.message,
        role: 'assistant',
        content: answer.completion.choices[0]?.message.content ?? null,
      },
      ...executed.map(({ id, output }) => ({ role: 'tool' as const, tool_call_id: id, content: output })),
    ];
  }
}

/** What an answer tells of the tools that were executed for it. */
export function toolsUsed({ toolCalls, answers, stopped }: ToolLoopResult): ToolsUsed {
  return { tool_calls: toolCalls, tool_steps: answers.length - 1, stopped };
}

function isForced(choice: unknown): boolean {
  return choice !== undefined && choice !== null && choice !== 'auto' && choice !== 'none';
}

async function executeCall(
  loop: ToolLoop,
  call: ToolCall,
  { key, index }: { key: string; index: number },
): Promise<ExecutedCall> {
  const from = performance.now();
  const record = { id: call.id, name: call.function.name.slice(0, 64), arguments: call.function.arguments };
  const ended = () => Math.round((performance.now() - from) * 100) / 100;
  try {
    if (index >= callsPerStepMax)
      throw new AppError('validation_failed', `Call at most ${String(callsPerStepMax)} tools at once.`);
    const output = await callTool(loop, call, `${loop.callPrefix}:${key}:${call.id}`);
    const told = output.length <= outputCharactersMax ? output : `${output.slice(0, outputCharactersMax)} […]`;
    return { ...record, ok: true, duration_ms: ended(), output: JSON.stringify({ ok: true, output: told }) };
  } catch (thrown) {
    // Whoever breaks the whole off is not to be told that a tool failed.
    loop.signal.throwIfAborted();
    const error = sentenceOf(thrown);
    return { ...record, ok: false, error, duration_ms: ended(), output: JSON.stringify({ ok: false, error }) };
  }
}

async function callTool(loop: ToolLoop, call: ToolCall, callId: string): Promise<string> {
  const { name, arguments: text } = call.function;
  const tool = loop.tools.find((one) => one.name === name);
  if (tool === undefined) throw new AppError('not_found', 'There is no such tool.');
  const args = argumentsOf(text);
  const compilation = loop.compileSchema(tool.parameters);
  if (compilation.kind === 'refused') throw new AppError('internal', 'The tool’s own schema cannot be used.');
  const errors = compilation.schema.errorsOf(args);
  if (errors.length > 0) throw new AppError('validation_failed', 'The arguments do not fit.', { fields: errors });
  const timeout = AbortSignal.timeout(tool.timeoutMs);
  const signal = AbortSignal.any([loop.signal, timeout]);
  return unlessAborted(tool.execute(args, { callId, signal }), signal, tool.timeoutMs);
}

function argumentsOf(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text === '' ? '{}' : text);
  } catch (cause) {
    throw new AppError('validation_failed', 'The arguments are no JSON.', { cause });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new AppError('validation_failed', 'The arguments are no JSON object.');
}

/** A tool that does not listen to its signal is left to itself. */
function unlessAborted(work: Promise<string>, signal: AbortSignal, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(new AppError('timeout', `The tool took longer than ${String(timeoutMs)} ms.`));
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}

function sentenceOf(thrown: unknown): string {
  if (!(thrown instanceof AppError)) {
    return thrown instanceof DOMException && thrown.name === 'TimeoutError'
      ? 'The tool took too long.'
      : 'The tool failed.';
  }
  const fields = thrown.fields.map(
    ({ path, message }: FieldError) => `${path === '' ? 'arguments' : path}: ${message}`,
  );
  return [thrown.message, ...fields].join(' ').slice(0, 1_000);
}
