import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import { readAnswer as readAnthropicAnswer } from './anthropic/read-answer.ts';
import { readRequest as readAnthropic } from './anthropic/read-request.ts';
import { AnthropicStreamReader } from './anthropic/read-stream.ts';
import { writeAnswer as writeMessage } from './anthropic/write-answer.ts';
import { writeRequest as writeAnthropic } from './anthropic/write-request.ts';
import { AnthropicStreamWriter } from './anthropic/write-stream.ts';
import { AnswerCollector } from './chat-answer.ts';
import { GeminiStreamReader, readAnswer as readGeminiAnswer } from './gemini/read-stream.ts';
import { writeRequest as writeGemini } from './gemini/write-request.ts';
import { readRequest as readResponses } from './openai-responses/read-request.ts';
import { writeAnswer as writeResponse } from './openai-responses/write-answer.ts';
import { readAnswer as readCompletion } from './openai/read-answer.ts';
import { readRequest as readOpenAi } from './openai/read-request.ts';
import { OpenAiStreamReader } from './openai/read-stream.ts';
import { writeAnswer as writeCompletion } from './openai/write-answer.ts';
import { writeRequest as writeOpenAi } from './openai/write-request.ts';
import { OpenAiStreamWriter } from './openai/write-stream.ts';
import type { StreamReader } from './stream-reader.ts';

const png = 'iVBORw0KGgo=';
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weather = { name: 'weather', description: 'Tells the weather.', parameters: schema };
const envelope = { requestId: 'req_abc', model: 'asked', request: {}, created: 7 };

const openAiRequest = {
  model: 'm',
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${png}`, detail: 'low' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } },
        { id: 'b', type: 'function', function: { name: 'weather', arguments: '{"city":"Kiel"}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: '{"degrees":7}' },
    { role: 'tool', tool_call_id: 'b', content: 'rain' },
    { role: 'user', content: 'And now?' },
  ],
  tools: [{ type: 'function', function: weather }],
  tool_choice: 'required',
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } },
  temperature: 1.5,
  max_completion_tokens: 900,
  stop: 'END',
  seed: 5,
  logit_bias: { 50: 1 },
  user: 'u-1',
};

describe('a request of OpenAI’s dialect (LA-17, OD-25, OD-26)', () => {
  it('becomes Anthropic’s: system apart, results in one user message, tools, schema, and says what is lost', () => {
    expect(writeAnthropic(readOpenAi(openAiRequest))).toEqual({
      body: {
        model: 'm',
        max_tokens: 900,
        system: 'Be brief.',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
            ],
          },
          {
            role: 'assistant',
            content: [
              { type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Bonn' } },
              { type: 'tool_use', id: 'b', name: 'weather', input: { city: 'Kiel' } },
            ],
          },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: '{"degrees":7}' }] },
              { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'rain' }] },
              { type: 'text', text: 'And now?' },
            ],
          },
        ],
        tools: [{ name: 'weather', description: 'Tells the weather.', input_schema: schema }],
        tool_choice: { type: 'any', disable_parallel_tool_use: true },
        temperature: 1,
        stop_sequences: ['END'],
        output_config: { format: { type: 'json_schema', schema } },
        metadata: { user_id: 'u-1' },
      },
      dropped: ['logit_bias', 'seed'],
    });
  });

  it('becomes Gemini’s', () => {
    expect(writeGemini(readOpenAi(openAiRequest))).toEqual({
      body: {
        systemInstruction: { parts: [{ text: 'Be brief.' }] },
        contents: [
          {
            role: 'user',
            parts: [{ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: png } }],
          },
          {
            role: 'model',
            parts: [
              { functionCall: { name: 'weather', args: { city: 'Bonn' } } },
              { functionCall: { name: 'weather', args: { city: 'Kiel' } } },
            ],
          },
          {
            role: 'user',
            parts: [
              { functionResponse: { name: 'weather', response: { degrees: 7 } } },
              { functionResponse: { name: 'weather', response: { result: 'rain' } } },
              { text: 'And now?' },
            ],
          },
        ],
        tools: [
          {
            functionDeclarations: [
              { name: 'weather', description: 'Tells the weather.', parametersJsonSchema: schema },
            ],
          },
        ],
        toolConfig: { functionCallingConfig: { mode: 'ANY' } },
        generationConfig: {
          temperature: 1.5,
          seed: 5,
          maxOutputTokens: 900,
          stopSequences: ['END'],
          responseMimeType: 'application/json',
          responseJsonSchema: schema,
        },
      },
      dropped: ['logit_bias', 'parallel_tool_calls', 'user'],
    });
  });

  it('keeps its own members where OpenAI’s dialect is spoken again', () => {
    const { body, dropped } = writeOpenAi(readOpenAi(openAiRequest));
    expect(body).toMatchObject({ logit_bias: { 50: 1 }, seed: 5, user: 'u-1', parallel_tool_calls: false });
    expect(dropped).toEqual([]);
  });

  it.each([
    [{ n: 2 }, 'n'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ functions: [{ name: 'f' }] }, 'functions'],
  ])('refuses what another dialect cannot do and nobody should do without: %j', (more, param) => {
    const ask = () => writeAnthropic(readOpenAi({ ...openAiRequest, ...more }));
    expect(ask).toThrow(AppError);
    expect(ask).toThrow(
      expect.objectContaining({ code: 'validation_failed', details: { param, code: 'unsupported_parameter' } }),
    );
  });

  it.each([
    ['claude-opus-4-5', { thinking: { type: 'enabled', budget_tokens: 4_096 }, max_tokens: 12_288 }],
    ['claude-sonnet-4-5-20250929', { thinking: { type: 'enabled', budget_tokens: 4_096 } }],
    ['claude-opus-4-7', { thinking: { type: 'adaptive' }, output_config: { effort: 'medium' }, max_tokens: 8_192 }],
    ['claude-sonnet-5-5', { thinking: { type: 'adaptive' }, output_config: { effort: 'medium' } }],
  ])('tells %s how much to think in its own words', (model, expected) => {
    const asked = readOpenAi({ model, messages: [{ role: 'user', content: 'x' }], reasoning_effort: 'medium' });
    expect(writeAnthropic(asked).body).toMatchObject(expected);
  });

  it('tells Gemini a level or a budget of thinking', () => {
    const asked = readOpenAi({ model: 'x', messages: [{ role: 'user', content: 'x' }], reasoning_effort: 'low' });
    const thinking = (model: string) => writeGemini({ ...asked, model }).body['generationConfig'];
    expect(thinking('gemini-3-pro')).toEqual({ thinkingConfig: { thinkingLevel: 'low', includeThoughts: true } });
    expect(thinking('gemini-2.5-flash')).toEqual({ thinkingConfig: { thinkingBudget: 1_024, includeThoughts: true } });
  });
});

describe('a request of Anthropic’s dialect', () => {
  const request = {
    model: 'm',
    max_tokens: 100,
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    messages: [
      {
        role: 'user',
        content: [
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERg==' },
            title: 'a.pdf',
          },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
          { type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Bonn' } },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'no such city', is_error: true }] },
    ],
    tools: [
      { name: 'weather', input_schema: schema },
      { type: 'web_search_20250305', name: 'web_search' },
    ],
    tool_choice: { type: 'tool', name: 'weather' },
    thinking: { type: 'enabled', budget_tokens: 2_000 },
    top_k: 40,
    container: null,
  };

  it('becomes OpenAI’s, its thinking where clients of OpenAI’s know it', () => {
    expect(writeOpenAi(readAnthropic(request))).toEqual({
      body: {
        model: 'm',
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [{ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERg==' } }],
          },
          {
            role: 'assistant',
            content: null,
            reasoning_content: 'Hm.',
            reasoning_details: [
              { type: 'reasoning.text', text: 'Hm.', signature: 'c2ln', format: 'anthropic-claude-v1', index: 0 },
            ],
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } }],
          },
          { role: 'tool', tool_call_id: 'a', content: 'no such city' },
        ],
        tools: [{ type: 'function', function: { name: 'weather', parameters: schema } }],
        tool_choice: { type: 'function', function: { name: 'weather' } },
        max_completion_tokens: 100,
        reasoning_effort: 'low',
      },
      dropped: ['top_k', 'tools.web_search_20250305'],
    });
  });

  it('is the same when Anthropic’s dialect is spoken again, markers, signatures and tools of its own included', () => {
    const { body } = writeAnthropic(readAnthropic({ ...request, model: 'claude-opus-4-5' }));
    expect(body['system']).toEqual(request.system);
    expect(body['tools']).toEqual(request.tools);
    expect((body['messages'] as unknown[])[1]).toEqual(request.messages[1]);
    expect(body['thinking']).toEqual(request.thinking);
  });

  it('tells Gemini nothing of another provider’s signatures', () => {
    expect(JSON.stringify(writeGemini(readAnthropic(request)).body)).not.toContain('c2ln');
  });
});

describe('a request of the Responses dialect', () => {
  it('joins what an assistant thought, said and called, and reads outputs and images', () => {
    const chat = readResponses({
      model: 'm',
      instructions: 'Be brief.',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Hi' },
            { type: 'input_image', image_url: 'https://example.org/a.png' },
          ],
        },
        {
          type: 'reasoning',
          id: 'rs',
          summary: [{ type: 'summary_text', text: 'Hm.' }],
          encrypted_content: 'signalbox:anthropic:plain:c2ln',
        },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
        { type: 'function_call', call_id: 'a', name: 'weather', arguments: '{}' },
        { type: 'function_call_output', call_id: 'a', output: 'rain' },
      ],
      text: { format: { type: 'json_schema', name: 'place', schema } },
      reasoning: { effort: 'high' },
      include: ['reasoning.encrypted_content'],
    });
    expect(writeAnthropic({ ...chat, model: 'claude-opus-4-7' }).body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'image', source: { type: 'url', url: 'https://example.org/a.png' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'a', name: 'weather', input: {} },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'rain' }] }] },
    ]);
    expect(writeOpenAi(chat).body['response_format']).toEqual({
      type: 'json_schema',
      json_schema: { name: 'place', schema },
    });
  });

  it.each([
    [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ conversation: 'conv_1' }, 'conversation'],
    [{ background: true }, 'background'],
    [{ input: [{ type: 'item_reference', id: 'x' }] }, 'input.0'],
  ])('refuses what needs answers to be kept: %j', (more, param) => {
    expect(() => readResponses({ model: 'm', input: 'x', ...more })).toThrow(
      expect.objectContaining({ code: 'validation_failed', details: { param, code: 'unsupported_parameter' } }),
    );
  });
});

const anthropicMessage = {
  id: 'msg_theirs',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [
    { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
    { type: 'text', text: 'It rains.' },
    { type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Bonn' } },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { input_tokens: 10, cache_creation_input_tokens: 4, cache_read_input_tokens: 6, output_tokens: 9 },
};

describe('an answer of Anthropic’s', () => {
  it('becomes a completion; cached tokens are part of the prompt', () => {
    expect(writeCompletion(readAnthropicAnswer(anthropicMessage), envelope)).toEqual({
      id: 'chatcmpl-abc',
      object: 'chat.completion',
      created: 7,
      model: 'claude-x',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'It rains.',
            refusal: null,
            reasoning_content: 'Hm.',
            reasoning_details: [
              { type: 'reasoning.text', text: 'Hm.', signature: 'c2ln', format: 'anthropic-claude-v1', index: 0 },
            ],
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } }],
          },
          logprobs: null,
          finish_reason: 'tool_calls',
        },
      ],
      usage: {
        prompt_tokens: 20,
        completion_tokens: 9,
        total_tokens: 29,
        prompt_tokens_details: { cached_tokens: 6, cache_write_tokens: 4 },
      },
    });
  });

  it('becomes a response', () => {
    expect(writeResponse(readAnthropicAnswer(anthropicMessage), envelope)).toMatchObject({
      id: 'resp_abc',
      status: 'completed',
      store: false,
      output: [
        {
          type: 'reasoning',
          summary: [{ type: 'summary_text', text: 'Hm.' }],
          encrypted_content: 'signalbox:anthropic:plain:c2ln',
        },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'It rains.' }] },
        { type: 'function_call', call_id: 'a', name: 'weather', arguments: '{"city":"Bonn"}', status: 'completed' },
      ],
      usage: { input_tokens: 20, output_tokens: 9, total_tokens: 29 },
    });
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['refusal', 'content_filter'],
    ['pause_turn', 'stop'],
  ])('stops by %s, which OpenAI’s clients know as %s', (theirs, ours) => {
    const answer = readAnthropicAnswer({ ...anthropicMessage, stop_reason: theirs });
    expect(writeCompletion(answer, envelope)['choices']).toMatchObject([{ finish_reason: ours }]);
    expect(
      (writeMessage(answer, envelope)['stop_reason'] === theirs) !== (theirs === 'model_context_window_exceeded'),
    ).toBe(true);
  });
});

describe('an answer of Gemini’s', () => {
  const document = {
    candidates: [
      {
        content: {
          role: 'model',
          parts: [
            { text: 'Hm.', thought: true },
            { functionCall: { name: 'weather', args: { city: 'Bonn' } }, thoughtSignature: 'Z2Vt' },
            { functionCall: { name: 'weather', args: { city: 'Kiel' } } },
          ],
        },
        finishReason: 'STOP',
      },
    ],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, thoughtsTokenCount: 7, cachedContentTokenCount: 4 },
    modelVersion: 'gemini-3-pro',
  };

  it('becomes a completion; thoughts are part of what was written, calls get ids', () => {
    expect(writeCompletion(readGeminiAnswer(document, 'sim', 'abc'), envelope)).toMatchObject({
      model: 'gemini-3-pro',
      choices: [
        {
          message: {
            reasoning_content: 'Hm.',
            tool_calls: [
              {
                id: 'call_abc_0',
                function: { name: 'weather', arguments: '{"city":"Bonn"}' },
                extra_content: { google: { thought_signature: 'Z2Vt' } },
              },
              { id: 'call_abc_1' },
            ],
          },
          finish_reason: 'tool_calls',
        },
      ],
      usage: {
        prompt_tokens: 10,
        completion_tokens: 12,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 7 },
      },
    });
  });

  it.each(['OpenAI’s', 'Anthropic’s', 'Responses’'])(
    'keeps the seal of its call through a turn in %s dialect',
    (dialect) => {
      const answer = readGeminiAnswer(document, 'sim', 'abc');
      const results = { a: 'call_abc_0', b: 'call_abc_1' };
      const back =
        dialect === 'OpenAI’s'
          ? readOpenAi({
              model: 'm',
              messages: [
                (writeCompletion(answer, envelope)['choices'] as { message: Record<string, unknown> }[])[0]?.message ??
                  {},
                { role: 'tool', tool_call_id: results.a, content: 'x' },
                { role: 'tool', tool_call_id: results.b, content: 'x' },
              ],
            })
          : dialect === 'Anthropic’s'
            ? readAnthropic({
                model: 'm',
                messages: [
                  { role: 'assistant', content: writeMessage(answer, envelope)['content'] },
                  {
                    role: 'user',
                    content: Object.values(results).map((id) => ({
                      type: 'tool_result',
                      tool_use_id: id,
                      content: 'x',
                    })),
                  },
                ],
              })
            : readResponses({
                model: 'm',
                input: [
                  ...(writeResponse(answer, envelope)['output'] as unknown[]),
                  ...Object.values(results).map((id) => ({ type: 'function_call_output', call_id: id, output: 'x' })),
                ],
              });
      expect((writeGemini(back).body['contents'] as unknown[])[0]).toEqual({
        role: 'model',
        parts: [
          { functionCall: { name: 'weather', args: { city: 'Bonn' } }, thoughtSignature: 'Z2Vt' },
          { functionCall: { name: 'weather', args: { city: 'Kiel' } } },
        ],
      });
    },
  );

  it('puts a seal that stands alone back behind what it seals', () => {
    const answer = readGeminiAnswer(
      {
        candidates: [
          { content: { parts: [{ text: 'Yes.' }, { text: '', thoughtSignature: 'Z2Vt' }] }, finishReason: 'STOP' },
        ],
      },
      'sim',
      'abc',
    );
    const { contents } = writeGemini({
      ...readOpenAi({ model: 'm', messages: [] }),
      messages: [{ role: 'assistant', parts: answer.parts }],
    }).body;
    expect(contents).toEqual([{ role: 'model', parts: [{ text: 'Yes.' }, { text: '', thoughtSignature: 'Z2Vt' }] }]);
  });

  it.each([
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content_filter'],
    ['RECITATION', 'content_filter'],
  ])('stops by %s as %s', (theirs, ours) => {
    const answer = readGeminiAnswer(
      { candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: theirs }] },
      'sim',
      'x',
    );
    expect(answer.reason).toBe(ours);
  });

  it('is a refusal where the prompt was blocked, and a failure where a call cannot be read', () => {
    expect(readGeminiAnswer({ promptFeedback: { blockReason: 'SAFETY' } }, 'sim', 'x').reason).toBe('content_filter');
    expect(() => readGeminiAnswer({ candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }] }, 'sim', 'x')).toThrow(
      'sim made a tool call that cannot be read.',
    );
  });
});

function answerOf(reader: StreamReader, events: readonly unknown[]) {
  const collector = new AnswerCollector();
  for (const event of events) {
    for (const one of reader.read(typeof event === 'string' ? event : JSON.stringify(event))) collector.add(one);
  }
  for (const one of reader.end()) collector.add(one);
  return collector.answer();
}

describe('streams as servers send them (R11)', () => {
  const delta = (given: object, finish: string | null = null) => ({
    id: 'x',
    model: 'm',
    choices: [{ index: 0, delta: given, finish_reason: finish }],
  });

  it('OpenAI’s: parallel calls, their arguments in pieces and mixed, then usage', () => {
    const { parts, reason, usage } = answerOf(new OpenAiStreamReader('sim'), [
      delta({ role: 'assistant', content: null }),
      delta({ tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'weather', arguments: '' } }] }),
      delta({ tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'search', arguments: '{"q"' } }] }),
      delta({
        tool_calls: [
          { index: 0, function: { arguments: '{"city":' } },
          { index: 1, function: { arguments: ':1}' } },
        ],
      }),
      delta({ tool_calls: [{ index: 0, function: { arguments: '"Bonn"}' } }] }),
      delta({}, 'tool_calls'),
      {
        choices: [],
        usage: { prompt_tokens: 3, completion_tokens: 4, completion_tokens_details: { reasoning_tokens: 2 } },
      },
      '[DONE]',
    ]);
    expect(parts).toEqual([
      { kind: 'tool_call', id: 'a', name: 'weather', arguments: '{"city":"Bonn"}', signature: null },
      { kind: 'tool_call', id: 'b', name: 'search', arguments: '{"q":1}', signature: null },
    ]);
    expect(reason).toBe('tool_calls');
    expect(usage).toMatchObject({ promptTokens: 3, completionTokens: 4, reasoningTokens: 2 });
  });

  it('servers that count every call as the first, or give calls no id at all', () => {
    const twice = answerOf(new OpenAiStreamReader('sim'), [
      delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }] }),
      delta({ tool_calls: [{ index: 0, id: 'b', function: { name: 'f', arguments: '{}' } }] }, 'tool_calls'),
    ]);
    expect(twice.parts.map((part) => part.kind === 'tool_call' && part.id)).toEqual(['a', 'b']);
    const nameless = answerOf(new OpenAiStreamReader('sim'), [
      delta({ tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] }, 'tool_calls'),
    ]);
    expect(nameless.parts).toEqual([
      { kind: 'tool_call', id: 'call_0', name: 'f', arguments: '{"a":1}', signature: null },
    ]);
  });

  it('DeepSeek’s, OpenRouter’s, Groq’s and Mistral’s ways to think and to count', () => {
    const deepSeek = answerOf(new OpenAiStreamReader('sim'), [
      delta({ reasoning_content: 'Hm' }),
      delta({ reasoning_content: '.' }),
      delta({ content: 'Yes.' }, 'stop'),
      { choices: [], usage: { prompt_tokens: 9, completion_tokens: 1, prompt_cache_hit_tokens: 8 } },
    ]);
    expect(deepSeek.parts).toEqual([
      { kind: 'thinking', text: 'Hm.', signature: null },
      { kind: 'text', text: 'Yes.' },
    ]);
    expect(deepSeek.usage?.cachedTokens).toBe(8);
    const openRouter = answerOf(new OpenAiStreamReader('sim'), [
      delta({ reasoning: 'Hm.', reasoning_details: [{ type: 'reasoning.text', text: 'Hm.' }] }),
      delta({ reasoning_details: [{ type: 'reasoning.text', signature: 'c2ln', format: 'anthropic-claude-v1' }] }),
      delta({ content: 'Yes.' }, 'stop'),
    ]);
    expect(openRouter.parts[0]).toEqual({
      kind: 'thinking',
      text: 'Hm.',
      signature: { dialect: 'anthropic', value: 'c2ln', redacted: false },
    });
    const mistral = answerOf(new OpenAiStreamReader('sim'), [
      delta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] }] }),
      delta({ content: 'Yes.' }, 'stop'),
    ]);
    expect(mistral.parts).toEqual(deepSeek.parts);
    const groq = answerOf(new OpenAiStreamReader('sim'), [
      { ...delta({}, 'stop'), x_groq: { usage: { prompt_tokens: 5, completion_tokens: 6 } } },
    ]);
    expect(groq.usage).toMatchObject({ promptTokens: 5, completionTokens: 6 });
  });

  it('Anthropic’s: thinking and its seal, a call, a tool of its own, sums told twice', () => {
    const given = answerOf(new AnthropicStreamReader('sim'), [
      {
        type: 'message_start',
        message: {
          id: 'msg_1',
          model: 'claude-x',
          usage: { input_tokens: 10, cache_read_input_tokens: 6, output_tokens: 1 },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
      { type: 'ping' },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm.' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'c2ln' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'content_block_start',
        index: 1,
        content_block: { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"query":"x"}' } },
      { type: 'content_block_stop', index: 1 },
      {
        type: 'content_block_start',
        index: 2,
        content_block: { type: 'tool_use', id: 'a', name: 'weather', input: {} },
      },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"city":' } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '"Bonn"}' } },
      { type: 'content_block_stop', index: 2 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'tool_use', stop_sequence: null },
        usage: { output_tokens: 20, input_tokens: null },
      },
      { type: 'message_stop' },
    ]);
    expect(given.parts).toEqual([
      { kind: 'thinking', text: 'Hm.', signature: { dialect: 'anthropic', value: 'c2ln', redacted: false } },
      expect.objectContaining({
        kind: 'opaque',
        value: { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } },
      }),
      { kind: 'tool_call', id: 'a', name: 'weather', arguments: '{"city":"Bonn"}', signature: null },
    ]);
    expect(given.usage).toEqual({
      promptTokens: 16,
      completionTokens: 20,
      cachedTokens: 6,
      cacheWriteTokens: null,
      reasoningTokens: null,
    });
    expect(given.reason).toBe('tool_calls');
  });

  it.each([
    [
      'OpenAI’s',
      () => new OpenAiStreamReader('sim'),
      { error: { message: 'too busy', type: 'server_error' } },
      'provider_failed',
    ],
    [
      'Anthropic’s',
      () => new AnthropicStreamReader('sim'),
      { type: 'error', error: { type: 'overloaded_error', message: 'too busy' } },
      'unavailable',
    ],
    [
      'Gemini’s',
      () => new GeminiStreamReader('sim', 'x'),
      { error: { code: 503, status: 'UNAVAILABLE', message: 'too busy' } },
      'unavailable',
    ],
  ])('%s errors within a stream', (_name, reader, event, code) => {
    expect(() => answerOf(reader(), [event])).toThrow(
      expect.objectContaining({ code, message: 'sim gave up: too busy.' }),
    );
    expect(() => answerOf(reader(), ['{"cut'])).toThrow('sim sent something that is no part of an answer.');
  });
});

describe('reading a request that cannot be understood', () => {
  it.each([
    [
      'messages.0.content.1.tool_use_id',
      () =>
        readAnthropic({
          model: 'm',
          messages: [
            {
              role: 'user',
              content: [
                { type: 'text', text: 'x' },
                { type: 'tool_result', content: 'y' },
              ],
            },
          ],
        }),
    ],
    ['messages.0.content', () => readOpenAi({ model: 'm', messages: [{ role: 'user', content: null }] })],
    ['input.0.role', () => readResponses({ model: 'm', input: [{ role: 'alien', content: 'x' }] })],
  ])('names %s', (param, read) => {
    expect(read).toThrow(
      expect.objectContaining({ code: 'validation_failed', details: expect.objectContaining({ param }) }),
    );
  });
});

it('reads an Anthropic stream’s call without arguments as one whose arguments are JSON', () => {
  const reader = new AnthropicStreamReader('sim');
  const block = { type: 'tool_use', id: 'a', name: 'now', input: {} };
  const events = [
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '' } },
    { type: 'content_block_stop', index: 0 },
  ].flatMap((event) => reader.read(JSON.stringify(event)));
  expect(events).toMatchObject([{ kind: 'tool_call_started' }, { kind: 'tool_call_arguments', text: '{}' }]);
});

describe('telling a stream', () => {
  it('to Anthropic’s clients: calls that come mixed stay open side by side, and each is closed once', () => {
    const writer = new AnthropicStreamWriter(envelope);
    const text = Buffer.concat([
      writer.write([
        { kind: 'started', id: null, model: 'm' },
        { kind: 'tool_call_started', index: 0, id: 'a', name: 'f', signature: null },
        { kind: 'tool_call_arguments', index: 0, text: '{"x":' },
        { kind: 'tool_call_started', index: 1, id: 'b', name: 'g', signature: null },
        { kind: 'tool_call_arguments', index: 1, text: '{}' },
        { kind: 'tool_call_arguments', index: 0, text: '1}' },
        { kind: 'finished', reason: 'tool_calls', stopSequence: null },
      ]),
      writer.end(),
    ]).toString();
    const types = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => {
      const { type, index } = JSON.parse(data) as { type: string; index?: number };
      return index === undefined ? type : `${type} ${String(index)}`;
    });
    expect(types).toEqual([
      'message_start',
      'content_block_start 0',
      'content_block_delta 0',
      'content_block_start 1',
      'content_block_delta 1',
      'content_block_delta 0',
      'content_block_stop 0',
      'content_block_stop 1',
      'message_delta',
      'message_stop',
    ]);
  });

  it('to Anthropic’s clients: calls that all begin before any has arguments keep theirs', () => {
    const writer = new AnthropicStreamWriter(envelope);
    const text = Buffer.concat([
      writer.write([
        { kind: 'started', id: null, model: 'm' },
        { kind: 'tool_call_started', index: 0, id: 'a', name: 'f', signature: null },
        { kind: 'tool_call_started', index: 1, id: 'b', name: 'g', signature: null },
        { kind: 'tool_call_arguments', index: 0, text: '{"x":1}' },
        { kind: 'tool_call_arguments', index: 1, text: '{"y":2}' },
        { kind: 'finished', reason: 'tool_calls', stopSequence: null },
      ]),
      writer.end(),
    ]).toString();
    const told = [...text.matchAll(/"index":(\d).*?"partial_json":"(.*)"\}/g)].map(([, index, json]) => [index, json]);
    expect(told).toEqual([
      ['0', '{\\"x\\":1}'],
      ['1', '{\\"y\\":2}'],
    ]);
    expect(text.match(/content_block_stop"/g)).toHaveLength(2);
  });

  it('to OpenAI’s clients: usage only to those who asked for it', () => {
    const tell = (request: Record<string, unknown>) => {
      const writer = new OpenAiStreamWriter({ ...envelope, request });
      const usage = {
        promptTokens: 1,
        completionTokens: 2,
        cachedTokens: null,
        cacheWriteTokens: null,
        reasoningTokens: null,
      };
      return (
        writer
          .write([
            { kind: 'text', text: 'a' },
            { kind: 'usage', usage },
          ])
          .toString() + writer.end().toString()
      );
    };
    expect(tell({})).not.toContain('usage');
    expect(tell({ stream_options: { include_usage: true } })).toContain(
      '"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}',
    );
  });
});

it('reads a completion whose refusal is its answer', () => {
  const answer = readCompletion({
    choices: [{ message: { role: 'assistant', content: null, refusal: 'No.' }, finish_reason: 'stop' }],
  });
  expect(answer).toMatchObject({ parts: [{ kind: 'text', text: 'No.' }], reason: 'content_filter' });
});
