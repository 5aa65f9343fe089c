import type { CallOptions } from '../calls/caller.ts';
import type { ChatCompletion, ChatMessage, ChatRequest, ToolCall } from './chat-messages.ts';

/** A function of yours that a model may call. */
export interface RunnableTool {
  name: string;
  description: string;
  /** What its arguments must be, as a JSON Schema. */
  parameters: Record<string, unknown>;
  /** Gives what the model is told: a text, or something that becomes JSON. What it throws is told to the model, too. */
  run(args: unknown, context: { signal: AbortSignal | null }): unknown;
}

export interface RunToolsOptions extends CallOptions {
  tools: readonly RunnableTool[];
  /** How often the model is asked, at most. Default 5. */
  stepsMax?: number;
}

export interface RunToolsResult {
  completion: ChatCompletion;
  /** The whole conversation, to go on with. */
  messages: ChatMessage[];
  /** False: the model still wanted to call something when `stepsMax` was reached. */
  isFinished: boolean;
}

export async function runTools(
  create: (request: ChatRequest, options: CallOptions) => Promise<ChatCompletion>,
  request: ChatRequest,
  { tools, stepsMax = 5, ...options }: RunToolsOptions,
): Promise<RunToolsResult> {
  // One key for all steps would get the first step's answer again and again.
  const { idempotencyKey, ...stepOptions } = options;
  const messages = [...request.messages];
  const told = tools.map(({ name, description, parameters }) => ({
    type: 'function' as const,
    function: { name, description, parameters },
  }));
  for (let step = 1; ; step += 1) {
    const key = idempotencyKey === undefined ? {} : { idempotencyKey: `${idempotencyKey}-${String(step)}` };
    const completion = await create(
      { ...request, messages: [...messages], tools: [...(request.tools ?? []), ...told] },
      { ...stepOptions, ...key },
    );
    const message = completion.choices[0]?.message;
    if (message !== undefined) messages.push(message);
    const calls = message?.tool_calls ?? [];
    if (calls.length === 0) return { completion, messages, isFinished: true };
    if (step >= stepsMax) return { completion, messages, isFinished: false };
    const answers = calls.map((call) => answerCall(call, tools, options.signal ?? null));
    messages.push(...(await Promise.all(answers)));
    options.signal?.throwIfAborted();
  }
}

async function answerCall(
  call: ToolCall,
  tools: readonly RunnableTool[],
  signal: AbortSignal | null,
): Promise<ChatMessage> {
  const tool = tools.find(({ name }) => name === call.function.name);
  const tell = (content: string): ChatMessage => ({ role: 'tool', tool_call_id: call.id, content });
  if (tool === undefined) return tell(`Error: there is no tool ${call.function.name}.`);
  let args: unknown;
  try {
    args = JSON.parse(call.function.arguments === '' ? '{}' : call.function.arguments);
  } catch {
    return tell('Error: the arguments are no valid JSON.');
  }
  try {
    const result = await tool.run(args, { signal });
    return tell(typeof result === 'string' ? result : JSON.stringify(result ?? null));
  } catch (thrown) {
    return tell(`Error: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
