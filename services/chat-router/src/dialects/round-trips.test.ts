import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as anthropicAnswer from './anthropic/read-answer.ts';
import { AnthropicStreamReader } from './anthropic/read-stream.ts';
import { readRequest as readAnthropic } from './anthropic/read-request.ts';
import { writeAnswer as writeAnthropicAnswer } from './anthropic/write-answer.ts';
import { writeRequest as writeAnthropic } from './anthropic/write-request.ts';
import { AnthropicStreamWriter } from './anthropic/write-stream.ts';
import { AnswerCollector, eventsOfAnswer, type ChatAnswer } from './chat-answer.ts';
import type { ChatEvent } from './chat-event.ts';
import { defaultSampling, type ChatMessage, type ChatRequest, type Part } from './chat-request.ts';
import { GeminiStreamReader } from './gemini/read-stream.ts';
import { ResponsesStreamWriter } from './openai-responses/write-stream.ts';
import { writeAnswer as writeResponse } from './openai-responses/write-answer.ts';
import * as openAiAnswer from './openai/read-answer.ts';
import { readRequest as readOpenAi } from './openai/read-request.ts';
import { OpenAiStreamReader } from './openai/read-stream.ts';
import { SseScanner } from './openai/sse-scanner.ts';
import { writeAnswer as writeOpenAiAnswer } from './openai/write-answer.ts';
import { writeRequest as writeOpenAi } from './openai/write-request.ts';
import { OpenAiStreamWriter } from './openai/write-stream.ts';
import type { StreamReader } from './stream-reader.ts';
import type { AnswerEnvelope, StreamWriter } from './stream-writer.ts';

const envelope: AnswerEnvelope = {
  requestId: 'req_1',
  model: 'm',
  request: { stream_options: { include_usage: true } },
  created: 1,
};

/* What every dialect can say. */
const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const json = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
  maxKeys: 3,
  noNullPrototype: true,
});
const text = word.map((given): Part => ({ kind: 'text', text: given }));
const image = fc.oneof(
  fc.constant<Part>({
    kind: 'image',
    source: { kind: 'data', mediaType: 'image/png', base64: 'iVBORw0KGgo=' },
    detail: null,
  }),
  fc.constant<Part>({ kind: 'image', source: { kind: 'url', url: 'https://example.org/a.png' }, detail: null }),
);
const toolName = fc.constantFrom('weather', 'search');
const call = fc.tuple(toolName, json).map(([name, given]) => ({ name, arguments: JSON.stringify(given) }));

/** A turn: the user asks, the model thinks and calls, the tools answer, the model says something. */
const turn = fc
  .tuple(fc.array(fc.oneof(text, image), { minLength: 1, maxLength: 3 }), fc.array(call, { maxLength: 3 }), word, word)
  .map(([asked, calls, result, said]): ((from: number) => ChatMessage[]) => (from) => {
    const parts = calls.map((one, index): Part => ({
      kind: 'tool_call',
      id: `call_${String(from)}_${String(index)}`,
      ...one,
      signature: null,
    }));
    const results = calls.map((one, index): Part => ({
      kind: 'tool_result',
      toolCallId: `call_${String(from)}_${String(index)}`,
      toolName: one.name,
      parts: [{ kind: 'text', text: result }],
      isError: false,
    }));
    return [
      { role: 'user', parts: asked },
      ...(calls.length === 0
        ? []
        : ([
            { role: 'assistant', parts },
            { role: 'tool', parts: results },
          ] as ChatMessage[])),
      { role: 'assistant', parts: [{ kind: 'text', text: said }] },
    ];
  });
const request: fc.Arbitrary<ChatRequest> = fc
  .record({
    system: fc.array(word, { maxLength: 2 }),
    turns: fc.array(turn, { minLength: 1, maxLength: 3 }),
    tools: fc.uniqueArray(toolName),
    choice: fc.constantFrom(null, { kind: 'auto' }, { kind: 'none' }, { kind: 'required' }, {
      kind: 'tool',
      name: 'search',
    } as const),
    schema: fc.option(json),
    temperature: fc.option(fc.constantFrom(0, 0.5, 1)),
    stop: fc.array(word, { maxLength: 2 }),
    maxOutputTokens: fc.integer({ min: 1, max: 10_000 }),
    stream: fc.boolean(),
  })
  .map(({ system, turns, tools, choice, schema, temperature, ...given }) => ({
    model: 'm',
    system: system.map((one) => ({ kind: 'text', text: one })),
    messages: turns.flatMap((make, index) => make(index)),
    tools: tools.map((name) => ({
      kind: 'function',
      name,
      description: 'What it does.',
      parameters: { type: 'object', properties: {} },
      strict: null,
    })),
    toolChoice: tools.length === 0 ? null : (choice as ChatRequest['toolChoice']),
    parallelToolCalls: null,
    responseFormat:
      schema === null ? null : { kind: 'json_schema', name: 'answer', description: null, schema, strict: true },
    sampling: { ...defaultSampling, temperature },
    reasoning: null,
    verbosity: null,
    user: null,
    metadata: {},
    extra: null,
    ...given,
  }));

/** Neighbours of one role say the same as one message; a system message of several texts too. */
function joined(given: ChatRequest): unknown {
  const { system, ...rest } = given;
  return { ...rest, system: system.map((part) => part.text).join('\n') };
}

describe('requests that both dialects can say (LA-17)', () => {
  it('are the same after OpenAI’s dialect', () => {
    fc.assert(
      fc.property(request, (given) => {
        const { body, dropped } = writeOpenAi(given);
        expect(dropped).toEqual([]);
        expect(joined(readOpenAi(JSON.parse(JSON.stringify(body)) as Record<string, unknown>))).toEqual(joined(given));
      }),
    );
  });

  it('are the same after Anthropic’s dialect', () => {
    fc.assert(
      fc.property(request, (given) => {
        const { body, dropped } = writeAnthropic(given);
        expect(dropped).toEqual([]);
        expect(joined(readAnthropic(JSON.parse(JSON.stringify(body)) as Record<string, unknown>))).toEqual(
          joined(given),
        );
      }),
    );
  });
});

const usage = fc
  .tuple(fc.nat(500), fc.nat(500), fc.nat(500), fc.nat(500), fc.nat(100))
  .map(([fresh, cached, written, completion, reasoning]) => ({
    promptTokens: fresh + cached + written,
    completionTokens: completion + reasoning,
    cachedTokens: cached,
    cacheWriteTokens: written,
    reasoningTokens: reasoning,
  }));
const signature = fc.constantFrom(
  { dialect: 'anthropic', value: 'c2ln', redacted: false } as const,
  { dialect: 'gemini', value: 'Z2Vt', redacted: false } as const,
);
const thinking = fc
  .tuple(word, fc.option(signature))
  .map(([given, sealed]): Part => ({ kind: 'thinking', text: given, signature: sealed }));
const answer: fc.Arbitrary<ChatAnswer> = fc
  .record({
    thought: fc.option(thinking),
    said: fc.option(word),
    calls: fc.array(call, { maxLength: 3 }),
    usage,
    length: fc.boolean(),
  })
  .filter(({ thought, said, calls }) => thought !== null || said !== null || calls.length > 0)
  .map(({ thought, said, calls, usage: used, length }) => ({
    id: null,
    model: 'their-model',
    parts: [
      ...(thought === null ? [] : [thought]),
      ...(said === null ? [] : [{ kind: 'text' as const, text: said }]),
      ...calls.map((one, index) => ({ kind: 'tool_call' as const, id: `c${String(index)}`, ...one, signature: null })),
    ],
    reason: length ? ('length' as const) : calls.length > 0 ? ('tool_calls' as const) : ('stop' as const),
    stopSequence: null,
    usage: used,
    extra: null,
  }));

function readAll(
  reader: StreamReader,
  bytes: Buffer,
  places: readonly number[],
): { events: ChatEvent[]; answer: ChatAnswer } {
  const scanner = new SseScanner(1_000_000, 'sim');
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const events = edges
    .slice(1)
    .flatMap((edge, index) => scanner.push(bytes.subarray(edges[index], edge)))
    .flatMap(({ data }) => reader.read(data));
  events.push(...reader.end());
  const collector = new AnswerCollector();
  for (const event of events) collector.add(event);
  return { events, answer: collector.answer() };
}

function streamOf(writer: StreamWriter, given: ChatAnswer): Buffer {
  const pieces = [...eventsOfAnswer(given)].map((event) => writer.write([event]));
  return Buffer.concat([...pieces, writer.end()]);
}

const known = ({ id: _id, ...rest }: ChatAnswer) => rest;

describe.each([
  {
    name: 'OpenAI',
    document: (given: ChatAnswer) => openAiAnswer.readAnswer(copied(writeOpenAiAnswer(given, envelope))),
    writer: () => new OpenAiStreamWriter(envelope),
    reader: () => new OpenAiStreamReader('sim'),
  },
  {
    name: 'Anthropic',
    document: (given: ChatAnswer) => anthropicAnswer.readAnswer(copied(writeAnthropicAnswer(given, envelope))),
    writer: () => new AnthropicStreamWriter(envelope),
    reader: () => new AnthropicStreamReader('sim'),
  },
])('an answer in $name’s dialect (B-19)', ({ document, writer, reader }) => {
  it('says the same as a document', () => {
    fc.assert(
      fc.property(answer, (given) => {
        expect(known(document(given))).toEqual(known(given));
      }),
    );
  });

  it('says the same as a stream, however its bytes are cut', () => {
    fc.assert(
      fc.property(answer, fc.array(fc.nat(), { maxLength: 20 }), (given, places) => {
        const bytes = streamOf(writer(), given);
        const whole = readAll(reader(), bytes, []);
        expect(readAll(reader(), bytes, places).events).toEqual(whole.events);
        expect(known(whole.answer)).toEqual(known(given));
      }),
    );
  });
});

describe('an answer in the dialect of OpenAI’s responses', () => {
  it('says the same as a document and as the end of a stream', () => {
    fc.assert(
      fc.property(answer, (given) => {
        const stream = streamOf(new ResponsesStreamWriter(envelope), given).toString();
        const events = stream
          .split('\n\n')
          .filter((one) => one !== '')
          .map((one) => JSON.parse(one.slice(one.indexOf('data: ') + 6)) as Record<string, unknown>);
        expect(events.map((one) => one['sequence_number'])).toEqual(events.map((_one, index) => index));
        expect(events.at(-1)?.['response']).toEqual(copied(writeResponse(given, envelope)));
      }),
    );
  });
});

describe('Gemini’s stream', () => {
  it('says the same however its bytes are cut, and as one document', () => {
    const piece = fc.oneof(
      word.map((given) => ({ text: given })),
      word.map((given) => ({ text: given, thought: true })),
      fc.tuple(toolName, json).map(([name, args]) => ({ functionCall: { name, args } })),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (parts, places) => {
          const pieces = parts.map((part, index) => ({
            candidates: [
              {
                content: { role: 'model', parts: [part] },
                ...(index === parts.length - 1 ? { finishReason: 'STOP' } : {}),
              },
            ],
            modelVersion: 'gemini-3-pro',
          }));
          const bytes = Buffer.from(pieces.map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`).join(''));
          const whole = readAll(new GeminiStreamReader('sim', 'x'), bytes, []);
          expect(readAll(new GeminiStreamReader('sim', 'x'), bytes, places)).toEqual(whole);
          const reader = new GeminiStreamReader('sim', 'x');
          const collector = new AnswerCollector();
          const document = {
            candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP' }],
            modelVersion: 'gemini-3-pro',
          };
          for (const event of [...reader.readPiece(document), ...reader.end()]) collector.add(event);
          expect(collector.answer()).toEqual(whole.answer);
        },
      ),
    );
  });
});

function copied(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}
