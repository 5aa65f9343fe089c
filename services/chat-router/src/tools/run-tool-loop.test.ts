import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import type { ModelAnswer } from '../asking/ask.ts';
import { createSchemaCompiler } from '../json-schema/compile-schema.ts';
import { unknownUsage } from '../usage/token-usage.ts';
import { builtInTools } from './built-in-tools.ts';
import { calculate } from './calculate.ts';
import { runToolLoop, type ToolLoop } from './run-tool-loop.ts';
import type { ServerTool } from './server-tool.ts';

const compileSchema = createSchemaCompiler();
const builtIn = builtInTools(() => new Date('2026-01-02T03:04:05Z'));
const hanging: ServerTool = {
  name: 'hanging',
  description: 'Never comes back.',
  parameters: { type: 'object' },
  timeoutMs: 30,
  execute: () => new Promise(() => undefined),
};
const failing: ServerTool = {
  ...hanging,
  name: 'failing',
  execute: () => Promise.reject(new TypeError('connect ECONNREFUSED 10.0.0.7:5432')),
};

function answerOf(message: Record<string, unknown>): ModelAnswer {
  return {
    completion: {
      id: 'x',
      object: 'chat.completion',
      created: 0,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason: 'stop' }],
    },
    model: 'sim/m',
    usage: unknownUsage,
    costUsd: null,
  };
}

function calling(...calls: [name: string, args: string][]): ModelAnswer {
  return answerOf({
    tool_calls: calls.map(([name, args], index) => ({
      id: `call_${String(index)}`,
      type: 'function',
      function: { name, arguments: args },
    })),
  });
}

async function run(answers: ModelAnswer[], more: Partial<ToolLoop> = {}) {
  const asked: Parameters<ToolLoop['ask']>[0][] = [];
  const result = runToolLoop({
    request: { model: 'm', messages: [{ role: 'user', content: 'How much?' }] },
    tools: [...builtIn, hanging, failing],
    stepsMax: 5,
    ask: async (request) => {
      asked.push(request);
      return answers[asked.length - 1] ?? answerOf({ content: 'done' });
    },
    execute: (_key, call) => call(),
    compileSchema,
    callPrefix: 'req',
    signal: new AbortController().signal,
    ...more,
  });
  return { result: await result, asked };
}

describe('server-side tools (OD-26)', () => {
  it('are executed until the model answers, and told as data', async () => {
    const { result, asked } = await run([
      calling(['calculator', '{"expression": "(3+4)*2.5"}'], ['current_time', '{}']),
      answerOf({ content: '17.5' }),
    ]);
    expect(result).toMatchObject({ stopped: 'answer', toolCalls: [{ name: 'calculator', ok: true }, { ok: true }] });
    expect(result.answers).toHaveLength(2);
    expect(asked[0]?.['tools']).toHaveLength(4);
    expect(asked[1]?.messages.slice(1)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_0' }, { id: 'call_1' }] },
      { role: 'tool', tool_call_id: 'call_0', content: '{"ok":true,"output":"17.5"}' },
      { role: 'tool', tool_call_id: 'call_1', content: expect.stringContaining('2026-01-02T03:04:05.000Z') },
    ]);
  });

  it.each([
    ['arguments that do not fit', 'calculator', '{"sum": 1}', /do not fit.*expression/],
    ['arguments that are no JSON', 'calculator', '{"expression":', /no JSON/],
    ['arguments that are no object', 'calculator', '[1]', /no JSON object/],
    ['a tool that is unknown', 'shell', '{}', /no such tool/],
    ['a tool that refuses', 'calculator', '{"expression": "process.exit()"}', /Expected a number/],
    ['a tool that takes too long', 'hanging', '{}', /longer than 30 ms/],
    ['a tool that breaks, without what broke it', 'failing', '{}', /^The tool failed\.$/],
  ])('tell the model of %s, and record it', async (_name, tool, args, error) => {
    const { result, asked } = await run([calling([tool, args])]);
    expect(result.toolCalls).toMatchObject([{ name: tool, ok: false, error: expect.stringMatching(error) }]);
    expect(asked[1]?.messages.at(-1)?.content).toEqual(expect.stringContaining('"ok":false'));
    expect(JSON.stringify(asked)).not.toContain('10.0.0.7');
  });

  it('are called as often as may be, and then the model must answer', async () => {
    const again = calling(['calculator', '{"expression": "1"}']);
    const { result, asked } = await run([again, again, answerOf({ content: 'enough' })], { stepsMax: 2 });
    expect(result).toMatchObject({ stopped: 'step_cap', toolCalls: [{ ok: true }, { ok: true }] });
    expect(asked.map((request) => request['tool_choice'])).toEqual([undefined, undefined, 'none']);
    await expect(run([again, again, again], { stepsMax: 2 })).rejects.toMatchObject({ code: 'provider_failed' });
  });

  it('stop when the whole is broken off', async () => {
    const end = new AbortController();
    const reason = new AppError('unavailable', 'The client has left.');
    const work = run([calling(['hanging', '{}'])], {
      signal: end.signal,
      tools: [{ ...hanging, timeoutMs: 60_000 }],
      execute: (_key, call) => {
        queueMicrotask(() => {
          end.abort(reason);
        });
        return call();
      },
    });
    await expect(work).rejects.toBe(reason);
  });

  it('calls beyond the eighth of one step are refused', async () => {
    const many = Array.from({ length: 9 }, (): [string, string] => ['calculator', '{"expression": "1"}']);
    const { result } = await run([calling(...many)]);
    expect(result.toolCalls.map(({ ok }) => ok)).toEqual([...Array<boolean>(8).fill(true), false]);
  });
});

describe('the calculator', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['2 ^ 3 ^ 2', 512],
    ['-2 ^ 2', -4],
    ['2 ^ -1', 0.5],
    ['10 % 4 / 2', 1],
    ['1e3 + .5', 1000.5],
    ['--1', 1],
  ])('%s is %d', (expression, value) => {
    expect(calculate(expression)).toBe(value);
  });

  it.each(['', '1 +', '(1', '1 1', '1 / 0', '2 ** 3', 'constructor', '1;2', '('.repeat(200), '9'.repeat(600)])(
    'refuses %s',
    (expression) => {
      expect(() => calculate(expression)).toThrow(AppError);
    },
  );
});
