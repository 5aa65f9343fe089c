import {
  event,
  simulateWire,
  type ProviderBehaviour,
  type ProviderRequest,
  type SimulatedProvider,
  type SimulatedWire,
} from './simulate-provider.ts';

const failure = { error: { code: 503, message: 'simulated overload', status: 'UNAVAILABLE' } };

const gemini: SimulatedWire = {
  basePath: '',
  usage: { promptTokenCount: 11, candidatesTokenCount: 5, totalTokenCount: 16 },
  isStream: ({ path }) => path.includes(':streamGenerateContent'),
  opening: (request, { thinking }) =>
    thinking === undefined ? '' : event(piece(request, [{ text: thinking.text, thought: true }])),
  piece: (request, text) => event(piece(request, [{ text }])),
  closing(request, { usage, toolCalls = [], thinking, finish = 'STOP' }) {
    const last = piece(request, [...partsOf(toolCalls, thinking), { text: '' }], finish);
    return event(usage === null || usage === undefined ? last : { ...last, usageMetadata: usage });
  },
  end: '',
  failure: event(failure),
  document(request, { usage, toolCalls = [], thinking, finish = 'STOP' }, text) {
    const thought = thinking === undefined ? [] : [{ text: thinking.text, thought: true }];
    const whole = piece(request, [...thought, { text }, ...partsOf(toolCalls, thinking)], finish);
    return usage === null || usage === undefined ? whole : { ...whole, usageMetadata: usage };
  },
  failureDocument: failure,
  refusal: (status) => ({ error: { code: status, message: `simulated ${String(status)}`, status: 'SIMULATED' } }),
  other({ path, method, json }) {
    if (method === 'GET') return { models: [{ name: 'models/small' }, { name: 'models/org/large' }] };
    if (path.endsWith(':countTokens')) return { totalTokens: 42 };
    if (!path.endsWith(':batchEmbedContents')) return null;
    const requests = Array.isArray(json['requests']) ? json['requests'] : [];
    return { embeddings: requests.map(() => ({ values: [1, 2] })) };
  },
};

/** A provider of Gemini's dialect; its address is what a client of Google's is given: `http://127.0.0.1:port`. */
export function simulateGemini(behaviour: ProviderBehaviour = {}): Promise<SimulatedProvider> {
  return simulateWire(gemini, behaviour);
}

function partsOf(toolCalls: NonNullable<ProviderBehaviour['toolCalls']>, thinking: ProviderBehaviour['thinking']) {
  return toolCalls.map(({ name, arguments: args }, index) => ({
    functionCall: { name, args: JSON.parse(args) as unknown },
    ...(index === 0 && thinking?.signature !== undefined ? { thoughtSignature: thinking.signature } : {}),
  }));
}

function piece({ path }: ProviderRequest, parts: object[], finishReason?: string) {
  const model = decodeURIComponent(/\/models\/([^:]+):/.exec(path)?.[1] ?? '');
  return {
    candidates: [
      { content: { role: 'model', parts }, index: 0, ...(finishReason === undefined ? {} : { finishReason }) },
    ],
    modelVersion: model,
    responseId: 'simulated',
  };
}
