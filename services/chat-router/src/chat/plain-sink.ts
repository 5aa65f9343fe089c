import { ChatCompletion, type ChatReply } from '@signalbox/contracts';
import { errorKinds, toAppError, type AppError } from '@signalbox/errors';
import { toModelAnswer } from '../asking/answer-chat.ts';
import type { AnswerSink } from '../completions/answer-sink.ts';
import { parseObject } from '../dialects/json.ts';
import { errorOf } from '../dialects/openai/event.ts';
import { OpenAiStreamReader } from '../dialects/openai/read-stream.ts';
import { SseScanner } from '../dialects/openai/sse-scanner.ts';

const eventBytesMax = 4 * 1_048_576;

/** Tells what a chat completion says as a `ChatReply`, or as a stream of its text. */
export class PlainSink implements AnswerSink {
  readonly #sink: AnswerSink;
  readonly #scanner = new SseScanner(eventBytesMax, 'the model');
  readonly #reader = new OpenAiStreamReader('the model');
  #broken: AppError | null = null;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  get hasBegun(): boolean {
    return this.#sink.hasBegun;
  }

  document(headers: Readonly<Record<string, string>>, body: Buffer): void {
    const completion = ChatCompletion.parse(parseObject(body.toString()));
    const { model, usage, costUsd } = toModelAnswer({ headers, body, completion });
    const { promptTokens: input, completionTokens: output } = usage;
    const message = completion.choices[0]?.message;
    const refusal = message?.['refusal'];
    const reply: ChatReply = {
      role: 'assistant',
      content: message?.content ?? (typeof refusal === 'string' ? refusal : ''),
      model,
      usage: {
        input_tokens: input,
        output_tokens: output,
        total_tokens: input === null || output === null ? null : input + output,
      },
      cost: costUsd,
    };
    // As the pipeline wrote it.
    const { routing } = completion;
    this.#sink.document(
      headers,
      Buffer.from(JSON.stringify({ ...reply, ...(routing === undefined ? {} : { routing }) })),
    );
  }

  begin(headers: Readonly<Record<string, string>>): void {
    this.#sink.begin(headers);
  }

  async write(bytes: Buffer): Promise<void> {
    const told = this.#told(bytes);
    if (told !== '') await this.#sink.write(Buffer.from(told));
  }

  end(bytes: Buffer): void {
    const told = this.#told(bytes);
    const end = this.#broken === null ? 'data: [DONE]\n\n' : errorEvent(this.#broken);
    this.#sink.end(Buffer.from(told + end));
  }

  /** What these bytes say; nothing any more once something broke, which the end tells. */
  #told(bytes: Buffer): string {
    if (this.#broken !== null) return '';
    let text = '';
    try {
      for (const { data } of this.#scanner.push(bytes)) {
        if (data === null) continue;
        const error = errorOf(data);
        if (error !== null) throw error;
        const routing = parseObject(data)?.['routing'];
        if (routing !== undefined) text += `event: routing\ndata: ${JSON.stringify(routing)}\n\n`;
        for (const event of this.#reader.read(data)) {
          if (event.kind === 'error') throw event.error;
          if (event.kind === 'text') text += textEvent(event.text);
        }
      }
    } catch (thrown) {
      this.#broken = toAppError(thrown);
    }
    return text;
  }
}

/** A line of the text is a line of the event: whoever reads events puts them together again. */
function textEvent(text: string): string {
  return `${text
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;
}

function errorEvent(error: AppError): string {
  const { title } = errorKinds[error.code];
  const detail = error.code === 'internal' ? title : error.message;
  return `event: error\ndata: ${JSON.stringify({ code: error.code, detail })}\n\n`;
}
