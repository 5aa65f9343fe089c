import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import type { ProviderBehaviour, SimulatedProvider, SimulatedToolCall } from '@signalbox/test-kit';
import { waitFor } from '@signalbox/test-kit';
import { readAnswer as readMessage } from '../src/dialects/anthropic/read-answer.ts';
import { AnthropicStreamReader } from '../src/dialects/anthropic/read-stream.ts';
import { readRequest as readAnthropic } from '../src/dialects/anthropic/read-request.ts';
import { AnswerCollector, type ChatAnswer } from '../src/dialects/chat-answer.ts';
import type { DialectName } from '../src/dialects/chat-request.ts';
import { readRequest as readResponses } from '../src/dialects/openai-responses/read-request.ts';
import { readAnswer as readCompletion } from '../src/dialects/openai/read-answer.ts';
import { readRequest as readOpenAi } from '../src/dialects/openai/read-request.ts';
import { OpenAiStreamReader } from '../src/dialects/openai/read-stream.ts';
import { SseScanner } from '../src/dialects/openai/sse-scanner.ts';
import { createProvider } from '../src/providers/create-provider.ts';
import type { HttpProvider } from '../src/providers/http-provider.ts';
import { ProviderSettings } from '../src/providers/provider-settings.ts';
import type { CompletionStream, ProviderRequest, StreamPart } from '../src/providers/provider.ts';

export interface ProviderUnderTest {
  /** What it is called in the tests' names. */
  name: string;
  settings: Record<string, unknown>;
  simulate(): Promise<SimulatedProvider>;
  /** What it does whatever a test wants of it. */
  behaviour?: ProviderBehaviour;
  /** Where its key is to stand. */
  credential: { header: string; value: string };
  /** The name of the model within a request that it was sent. */
  modelOf(request: SimulatedProvider['requests'][number]): unknown;
  /** It takes these bytes as they are. */
  passes: readonly DialectName[];
}

type ClientDialectName = Exclude<DialectName, 'gemini'>;
const clientDialects: readonly ClientDialectName[] = ['openai', 'openai_responses', 'anthropic'];
const unaborted = new AbortController().signal;
const calls: readonly SimulatedToolCall[] = [
  { id: 'call_a', name: 'weather', arguments: '{"city":"Bonn"}' },
  { id: 'call_b', name: 'weather', arguments: '{"city":"Kiel"}' },
];
const timeouts = { connect_ms: 500, first_token_ms: 1_000, idle_ms: 400, document_ms: 3_000, stream_ms: 5_000 };

/** What every provider promises, whatever its API is: the same in each dialect of clients. */
export function describeProvider(under: ProviderUnderTest): void {
  describe(`${under.name} as a provider (LA-17, OP-1)`, () => {
    async function withProvider(
      behaviour: ProviderBehaviour,
      use: (provider: HttpProvider, simulator: SimulatedProvider) => Promise<void>,
    ): Promise<void> {
      await using simulator = await under.simulate();
      simulator.behave({ ...under.behaviour, ...behaviour });
      await using provider = createProvider(
        ProviderSettings.parse({
          name: 'sim',
          base_url: simulator.url,
          models: ['small'],
          timeouts,
          ...under.settings,
        }),
        'sk-secret',
      );
      await use(provider, simulator);
    }

    describe.each(clientDialects)('for clients of the dialect %s', (dialect) => {
      it('answers with a document, its usage and its model', async () => {
        await withProvider({}, async (provider, simulator) => {
          const { body, usage } = await provider.complete(askIn(dialect), unaborted);
          expect(said(dialect, body)).toMatchObject({
            text: 'Hello from the simulator.',
            model: 'small',
            isWhole: true,
          });
          expect(usage).toMatchObject({ promptTokens: 11, completionTokens: 5 });
          const request = simulator.requests.at(-1);
          expect(request?.headers[under.credential.header]).toBe(under.credential.value);
          expect(request === undefined ? null : under.modelOf(request)).toBe('small');
        });
      });

      it('answers with a stream: content before the end, the end last and once, usage told', async () => {
        await withProvider({ pieceDelayMs: 5 }, async (provider) => {
          const parts = await all(await provider.stream(askIn(dialect, { stream: true }), unaborted));
          expect(parts.map(({ isEnd }) => isEnd).lastIndexOf(true)).toBe(parts.length - 1);
          expect(parts.filter(({ isEnd }) => isEnd)).toHaveLength(1);
          expect(parts.filter(({ hasContent }) => hasContent).length).toBeGreaterThan(3);
          expect(parts.findLast(({ usage }) => usage !== null)?.usage).toMatchObject({
            promptTokens: 11,
            completionTokens: 5,
          });
          expect(parts.reduce((sum, { characters = 0 }) => sum + characters, 0)).toBe(
            'Hello from the simulator.'.length,
          );
          expect(streamed(dialect, parts)).toMatchObject({ text: 'Hello from the simulator.', isWhole: true });
        });
      });

      it.each([false, true])('carries parallel tool calls (stream: %s)', async (stream) => {
        await withProvider({ pieces: [], toolCalls: calls }, async (provider) => {
          const asked = askIn(dialect, { stream, tools: true });
          const told = stream
            ? streamed(dialect, await all(await provider.stream(asked, unaborted)))
            : said(dialect, (await provider.complete(asked, unaborted)).body);
          expect(told.calls).toEqual([
            { name: 'weather', arguments: { city: 'Bonn' } },
            { name: 'weather', arguments: { city: 'Kiel' } },
          ]);
        });
      });

      it.each([false, true])('carries what was thought (stream: %s)', async (stream) => {
        await withProvider({ thinking: { text: 'Hm.' } }, async (provider) => {
          const asked = askIn(dialect, { stream });
          const told = stream
            ? streamed(dialect, await all(await provider.stream(asked, unaborted)))
            : said(dialect, (await provider.complete(asked, unaborted)).body);
          expect(told).toMatchObject({ thinking: 'Hm.', text: 'Hello from the simulator.' });
        });
      });
    });

    it('passes bytes of its own dialects through, and of no other', async () => {
      await withProvider({}, async (provider, simulator) => {
        for (const dialect of under.passes) {
          const asked = askIn(dialect as ClientDialectName, { more: { new_knob: { a: 1 } } });
          const { headers } = await provider.complete(asked, unaborted);
          expect(simulator.requests.at(-1)?.text).toContain('"new_knob":{"a":1}');
          expect(headers['x-signalbox-dropped']).toBeUndefined();
        }
        for (const dialect of clientDialects.filter((name) => !under.passes.includes(name))) {
          const { headers } = await provider.complete(askIn(dialect, { more: { new_knob: 1 } }), unaborted);
          expect(simulator.requests.at(-1)?.text).not.toContain('new_knob');
          expect(headers['x-signalbox-dropped']).toBe('new_knob');
        }
      });
    });

    it.each([
      [400, 'validation_failed'],
      [401, 'provider_failed'],
      [402, 'provider_failed'],
      [403, 'provider_failed'],
      [404, 'not_found'],
      [413, 'payload_too_large'],
      [422, 'unprocessable'],
      [429, 'rate_limited'],
      [500, 'provider_failed'],
      [502, 'provider_failed'],
      [503, 'unavailable'],
      [504, 'timeout'],
      [529, 'unavailable'],
    ])('makes of its %i the error %s, its account’s faults not the client’s', async (status, code) => {
      await withProvider({ status, headers: { 'retry-after': '7' } }, async (provider) => {
        for (const stream of [false, true]) {
          const error = await failureOf(provider, stream);
          expect(error.code).toBe(code);
          expect(error.details['provider_status']).toBe(status);
          expect(error.details['should_retry']).toBe([401, 402, 403].includes(status) ? false : undefined);
          if (code === 'rate_limited' || code === 'unavailable') expect(error.retryAfterMs).toBe(7_000);
          expect(error.message).not.toContain('sk-secret');
        }
      });
    });

    it.each([
      'html',
      'no_stream',
      'wrong_content_type',
      'end_early',
      'cut',
      'invalid_json',
      'nul',
      'error',
      'huge',
      'silence',
    ] as const)('is not fooled by %s in a stream (R11)', async (fault) => {
      await withProvider({ fault, faultAfter: 2 }, async (provider) => {
        for (const dialect of clientDialects) {
          const error = await failureOf(provider, true, dialect);
          expect(['provider_failed', 'unavailable', 'timeout']).toContain(error.code);
        }
      });
    });

    it.each(['html', 'end_early', 'cut', 'invalid_json', 'nul', 'error', 'huge', 'silence'] as const)(
      'is not fooled by %s in a document (R11)',
      async (fault) => {
        await withProvider({ fault }, async (provider) => {
          const error = await failureOf(provider, false);
          expect(['provider_failed', 'unavailable', 'timeout']).toContain(error.code);
        });
      },
    );

    it('lets the provider go within 100 ms when the caller leaves, before and amid an answer (R21)', async () => {
      await withProvider({ headDelayMs: 10_000 }, async (provider, simulator) => {
        const leaving = new AbortController();
        const pending = provider.complete(askIn('openai'), leaving.signal).catch((error: unknown) => error);
        await waitFor(() => simulator.requests.length === 1);
        const left = performance.now();
        leaving.abort();
        await waitFor(() => simulator.requests[0]?.abortedAt ?? null);
        expect((simulator.requests[0]?.abortedAt ?? 0) - left).toBeLessThan(100);
        expect(await pending).toBeInstanceOf(AppError);
      });
      await withProvider(
        { pieceDelayMs: 200, pieces: Array.from({ length: 20 }, () => 'x') },
        async (provider, simulator) => {
          const leaving = new AbortController();
          const { parts } = await provider.stream(askIn('anthropic', { stream: true }), leaving.signal);
          let left = 0;
          await expect(async () => {
            for await (const part of parts) {
              if (!part.hasContent) continue;
              left ||= performance.now();
              leaving.abort();
            }
          }).rejects.toBeInstanceOf(AppError);
          await waitFor(() => simulator.requests[0]?.abortedAt ?? null);
          expect((simulator.requests[0]?.abortedAt ?? 0) - left).toBeLessThan(100);
        },
      );
    });

    it('uses one connection again and again', async () => {
      await withProvider({}, async (provider, simulator) => {
        for (let count = 0; count < 6; count += 1) {
          if (count % 2 === 0) await all(await provider.stream(askIn('openai', { stream: true }), unaborted));
          else await provider.complete(askIn('anthropic'), unaborted);
        }
        // One more, where a request comes before the last answer's end was read.
        expect(simulator.connections().opened).toBeLessThanOrEqual(2);
      });
    });

    it('lists its models, and tells a bad key from an absent server (OP-3)', async () => {
      await withProvider({}, async (provider) => {
        expect(await provider.listModels(unaborted)).toEqual(['small', 'org/large']);
      });
      await withProvider({ status: 401 }, async (provider) => {
        await expect(provider.listModels(unaborted)).rejects.toMatchObject({ details: { provider_status: 401 } });
      });
      await withProvider({}, async (provider, simulator) => {
        await simulator[Symbol.asyncDispose]();
        await expect(provider.listModels(unaborted)).rejects.toMatchObject({
          code: 'provider_failed',
          message: 'sim cannot be reached.',
        });
        await expect(provider.probe()).rejects.toMatchObject({ code: 'unavailable' });
      });
    });
  });
}

const tool = {
  name: 'weather',
  description: 'Tells the weather.',
  schema: { type: 'object', properties: { city: { type: 'string' } } },
};

/** The same question in each dialect. */
export function askIn(
  dialect: ClientDialectName,
  { stream = false, tools = false, model = 'small', text = 'Hello?', more = {} } = {},
): ProviderRequest {
  const bodies: Record<ClientDialectName, Record<string, unknown>> = {
    openai: {
      messages: [{ role: 'user', content: text }],
      ...(tools
        ? {
            tools: [
              {
                type: 'function',
                function: { name: tool.name, description: tool.description, parameters: tool.schema },
              },
            ],
          }
        : {}),
      ...(stream ? { stream_options: { include_usage: true } } : {}),
    },
    openai_responses: {
      input: text,
      ...(tools
        ? { tools: [{ type: 'function', name: tool.name, description: tool.description, parameters: tool.schema }] }
        : {}),
    },
    anthropic: {
      max_tokens: 100,
      messages: [{ role: 'user', content: text }],
      ...(tools ? { tools: [{ name: tool.name, description: tool.description, input_schema: tool.schema }] } : {}),
    },
  };
  const body = { model: 'ours', ...bodies[dialect], ...(stream ? { stream } : {}), ...more };
  const readers = { openai: readOpenAi, openai_responses: readResponses, anthropic: readAnthropic };
  return {
    operation: 'chat',
    dialect,
    stream,
    body,
    bytes: Buffer.from(JSON.stringify(body)),
    chat: () => readers[dialect](body),
    requestId: 'req_test',
    model,
  };
}

interface Said {
  text: string;
  thinking: string;
  calls: { name: string; arguments: unknown }[];
  model: string | null;
  isWhole: boolean;
}

/** What a document says in a client's dialect. */
export function said(dialect: ClientDialectName, body: Buffer): Said {
  const document = JSON.parse(body.toString()) as Record<string, unknown>;
  if (dialect === 'openai') return fromAnswer(readCompletion(document), true);
  if (dialect === 'anthropic') return fromAnswer(readMessage(document), true);
  return fromResponse(document);
}

/** What a stream says in a client's dialect. */
export function streamed(dialect: ClientDialectName, parts: readonly StreamPart[]): Said {
  const scanner = new SseScanner(1_000_000, 'the router');
  const events = parts.flatMap(({ bytes }) => scanner.push(bytes));
  if (dialect === 'openai_responses') {
    const last = JSON.parse(events.at(-1)?.data ?? '{}') as { type?: string; response?: Record<string, unknown> };
    expect(['response.completed', 'response.incomplete']).toContain(last.type);
    const told = fromResponse(last.response ?? {});
    const deltas = events.map(({ data }) => JSON.parse(data ?? '{}') as { type: string; delta?: string });
    const text = deltas.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta);
    expect(text.join('')).toBe(told.text);
    return told;
  }
  const reader = dialect === 'openai' ? new OpenAiStreamReader('the router') : new AnthropicStreamReader('the router');
  const collector = new AnswerCollector();
  for (const { data } of events) for (const event of reader.read(data)) collector.add(event);
  return fromAnswer(collector.answer(), reader.isEnd);
}

function fromAnswer({ parts, model }: ChatAnswer, isWhole: boolean): Said {
  return {
    text: parts.flatMap((part) => (part.kind === 'text' ? part.text : [])).join(''),
    thinking: parts.flatMap((part) => (part.kind === 'thinking' ? part.text : [])).join(''),
    calls: parts.flatMap((part) =>
      part.kind === 'tool_call' ? [{ name: part.name, arguments: JSON.parse(part.arguments) as unknown }] : [],
    ),
    model,
    isWhole,
  };
}

interface OutputItem {
  type: string;
  name?: string;
  arguments?: string;
  summary?: { text: string }[];
  content?: { text: string }[];
}

function fromResponse(response: Record<string, unknown>): Said {
  const output = response['output'] as OutputItem[];
  const texts = (type: string, pick: (item: OutputItem) => { text: string }[] | undefined) =>
    output
      .filter((item) => item.type === type)
      .flatMap((item) => pick(item) ?? [])
      .map(({ text }) => text)
      .join('');
  return {
    text: texts('message', ({ content }) => content),
    thinking: texts('reasoning', ({ summary }) => summary),
    calls: output
      .filter(({ type }) => type === 'function_call')
      .map((item) => ({ name: item.name ?? '', arguments: JSON.parse(item.arguments ?? '') as unknown })),
    model: response['model'] as string,
    isWhole: response['status'] === 'completed',
  };
}

async function all({ parts }: CompletionStream): Promise<StreamPart[]> {
  const gathered: StreamPart[] = [];
  for await (const part of parts) gathered.push(part);
  return gathered;
}

async function failureOf(
  provider: HttpProvider,
  stream: boolean,
  dialect: ClientDialectName = 'openai',
): Promise<AppError> {
  try {
    if (stream) await all(await provider.stream(askIn(dialect, { stream }), unaborted));
    else await provider.complete(askIn(dialect), unaborted);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AppError);
    return thrown as AppError;
  }
  throw new Error('The provider did not fail.');
}
