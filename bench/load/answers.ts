/** What the simulated provider says, and what therefore every client must have received, byte for byte or word for word. */
const words = 'the signal is set, the route is clear and the train may pass; '.repeat(12);

export const jsonAnswer = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'bench-model',
  choices: [{ index: 0, message: { role: 'assistant', content: words }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 21, completion_tokens: 180, total_tokens: 201 },
});

const tokens = Array.from({ length: 50 }, (_, index) => `word${String(index)} `);

/** The text of a whole stream: 50 content chunks. */
export const streamText = tokens.join('');

const chunk = (rest: object) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'bench-model', ...rest })}\n\n`;

export const streamChunks: readonly string[] = [
  chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }),
  ...tokens.map((content) => chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  chunk({ choices: [], usage: { prompt_tokens: 21, completion_tokens: 50, total_tokens: 71 } }),
  'data: [DONE]\n\n',
];

/** The same answer as Anthropic's Messages API gives it. */
export const anthropicAnswer = JSON.stringify({
  id: 'msg_bench',
  type: 'message',
  role: 'assistant',
  model: 'bench-model',
  content: [{ type: 'text', text: words }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 21, output_tokens: 180 },
});

const event = (type: string, rest: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;

/** The same stream, likewise. */
export const anthropicEvents: readonly string[] = [
  event('message_start', {
    message: {
      id: 'msg_bench',
      type: 'message',
      role: 'assistant',
      model: 'bench-model',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 21, output_tokens: 1 },
    },
  }),
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  ...tokens.map((text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
  event('content_block_stop', { index: 0 }),
  event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 50 } }),
  event('message_stop'),
];

/** A request body of about 1 KiB, as a chat with a short history has it, and `more` beside. */
export function requestBody(model: string, stream: boolean, more: object = {}): string {
  const turn = 'Which signal is set for the morning train on track two, and who may change it? ';
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: 'You are a careful signaller.' },
      { role: 'user', content: turn.repeat(5) },
      { role: 'assistant', content: 'Signal four is set.' },
      { role: 'user', content: turn.repeat(5) },
    ],
    ...more,
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  });
}
