import {
  simulateWire,
  type ProviderBehaviour,
  type ProviderRequest,
  type SimulatedProvider,
  type SimulatedWire,
} from './simulate-provider.ts';

const failure = { type: 'error', error: { type: 'overloaded_error', message: 'simulated overload' } };

const anthropic: SimulatedWire = {
  basePath: '',
  usage: { input_tokens: 11, output_tokens: 5 },
  isStream: ({ json }) => json['stream'] === true,
  opening(request, { usage, thinking }) {
    const { output_tokens: _output, ...input } = usage ?? {};
    const message = {
      ...head(request),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...input, output_tokens: 1 },
    };
    const thought =
      thinking === undefined
        ? ''
        : named('content_block_start', { index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } }) +
          delta(0, { type: 'thinking_delta', thinking: thinking.text }) +
          delta(0, { type: 'signature_delta', signature: thinking.signature ?? 'c2lnbmF0dXJl' }) +
          named('content_block_stop', { index: 0 });
    const index = textPlace(thinking);
    const text = named('content_block_start', { index, content_block: { type: 'text', text: '' } });
    return named('message_start', { message }) + named('ping', {}) + thought + text;
  },
  piece: (_request, text, { thinking }) => delta(textPlace(thinking), { type: 'text_delta', text }),
  closing(_request, { usage, toolCalls = [], thinking, finish }) {
    const textIndex = textPlace(thinking);
    const calls = toolCalls.map(({ id, name, arguments: text }, place) => {
      const index = textIndex + 1 + place;
      return (
        named('content_block_start', { index, content_block: { type: 'tool_use', id, name, input: {} } }) +
        [text.slice(0, text.length / 2), text.slice(text.length / 2)]
          .map((piece) => delta(index, { type: 'input_json_delta', partial_json: piece }))
          .join('') +
        named('content_block_stop', { index })
      );
    });
    const stop = { stop_reason: finish ?? (toolCalls.length > 0 ? 'tool_use' : 'end_turn'), stop_sequence: null };
    const sums = usage === null || usage === undefined ? {} : { usage: { output_tokens: usage['output_tokens'] } };
    return (
      named('content_block_stop', { index: textIndex }) +
      calls.join('') +
      named('message_delta', { delta: stop, ...sums })
    );
  },
  end: named('message_stop', {}),
  failure: named('error', failure),
  document: (request, { usage, toolCalls = [], thinking, finish }, text) => ({
    ...head(request),
    content: [
      ...(thinking === undefined
        ? []
        : [{ type: 'thinking', thinking: thinking.text, signature: thinking.signature ?? 'c2lnbmF0dXJl' }]),
      { type: 'text', text },
      ...toolCalls.map(({ id, name, arguments: input }) => ({
        type: 'tool_use',
        id,
        name,
        input: JSON.parse(input) as unknown,
      })),
    ],
    stop_reason: finish ?? (toolCalls.length > 0 ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    ...(usage === null || usage === undefined ? {} : { usage }),
  }),
  failureDocument: failure,
  refusal: (status) => ({ type: 'error', error: { type: typeOf(status), message: `simulated ${String(status)}` } }),
  other({ path }) {
    if (path.startsWith('/v1/models'))
      return {
        data: [
          { type: 'model', id: 'small' },
          { type: 'model', id: 'org/large' },
        ],
      };
    return path.endsWith('/count_tokens') ? { input_tokens: 42 } : null;
  },
};

/** A provider of Anthropic's dialect; its address is what a client of Anthropic's is given: `http://127.0.0.1:port`. */
export function simulateAnthropic(behaviour: ProviderBehaviour = {}): Promise<SimulatedProvider> {
  return simulateWire(anthropic, behaviour);
}

/** The block of text follows that of the thinking. */
function textPlace(thinking: ProviderBehaviour['thinking']): number {
  return thinking === undefined ? 0 : 1;
}

function head({ json }: ProviderRequest) {
  return { id: 'msg_simulated', type: 'message', role: 'assistant', model: String(json['model']) };
}

function named(type: string, members: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
}

function delta(index: number, given: object): string {
  return named('content_block_delta', { index, delta: given });
}

function typeOf(status: number): string {
  const types: Record<number, string> = {
    401: 'authentication_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  };
  return types[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
}
