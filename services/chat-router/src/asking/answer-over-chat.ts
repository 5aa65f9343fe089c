import { ChatCompletionRequest, type Routing } from '@signalbox/contracts';
import { toAppError, type AppError } from '@signalbox/errors';
import type { AnswerCommand } from '../completions/answer-command.ts';
import type { AnswerSink } from '../completions/answer-sink.ts';
import type { Ingress } from '../completions/ingress.ts';
import type { AnswerIngress } from '../completions/mount-ingress.ts';
import { clientDialect } from '../dialects/client-dialect.ts';
import { parseObject, textOf, type JsonObject } from '../dialects/json.ts';
import { errorOf } from '../dialects/openai/event.ts';
import { readAnswer } from '../dialects/openai/read-answer.ts';
import { OpenAiStreamReader } from '../dialects/openai/read-stream.ts';
import { SseScanner } from '../dialects/openai/sse-scanner.ts';
import { writeRequest } from '../dialects/openai/write-request.ts';
import type { AnswerEnvelope, StreamWriter } from '../dialects/stream-writer.ts';
import type { AnswerChat } from './answer-chat.ts';

/** A dialect in which a stream can tell what only our clients look into. */
export interface NotingIngress<Body> extends Ingress<Body> {
  /** What tells a member `signalbox`; clients that do not know it pass over it. */
  signalboxEvent(note: unknown): Buffer;
}

/** Answers requests of one dialect: over chat where the router has a part in them, by `otherwise` where it has none. */
export type AnswerIn = <Body extends AskingBody>(
  ingress: NotingIngress<Body>,
  otherwise: AnswerIngress<Body>,
) => AnswerIngress<Body>;

/** Any request; its members are looked at by their names. */
export type AskingBody = Readonly<Record<string, unknown>>;

const eventBytesMax = 4 * 1_048_576;

/**
 * Answers a request of any dialect by answering the same request as a chat completion: for what the router has a part in
 * (its tools, its conversations), which is done in that shape alone. What that shape cannot say is named in
 * `x-signalbox-dropped`.
 */
export async function answerOverChat<Body extends AskingBody>(
  ingress: NotingIngress<Body>,
  chat: AnswerChat,
  command: AnswerCommand<Body>,
  sink: AnswerSink,
  signal: AbortSignal,
): Promise<void> {
  const { execute_tools: executes, max_tool_steps: steps, ...rest } = command.body as JsonObject;
  const written = writeRequest(ingress.toChat(rest as Body));
  const body = ChatCompletionRequest.parse({
    ...written.body,
    ...(executes === undefined ? {} : { execute_tools: executes }),
    ...(steps === undefined ? {} : { max_tool_steps: steps }),
  });
  const { principal, requestId, options, idempotencyKey } = command;
  const question = { principal, requestId, body, bytes: Buffer.from(JSON.stringify(body)), options, idempotencyKey };
  await chat(question, new TranslatingSink(ingress, rest, sink, written.dropped), signal);
}

/** Tells a client of another dialect what a chat completion says, as it says it. */
class TranslatingSink implements AnswerSink {
  readonly #ingress: NotingIngress<never>;
  readonly #request: JsonObject;
  readonly #sink: AnswerSink;
  readonly #dropped: readonly string[];
  readonly #scanner = new SseScanner(eventBytesMax, 'the model');
  readonly #reader = new OpenAiStreamReader('the model');
  #writer: StreamWriter | null = null;
  #broken: AppError | null = null;

  constructor(ingress: NotingIngress<never>, request: JsonObject, sink: AnswerSink, dropped: readonly string[]) {
    this.#ingress = ingress;
    this.#request = request;
    this.#sink = sink;
    this.#dropped = dropped;
  }

  get hasBegun(): boolean {
    return this.#sink.hasBegun;
  }

  document(headers: Readonly<Record<string, string>>, body: Buffer): void {
    const completion = parseObject(body.toString()) ?? {};
    const { signalbox, routing } = completion;
    const answer = readAnswer(completion);
    const document = {
      ...clientDialect(this.#ingress.dialect).writeAnswer(answer, this.#envelope(completion)),
      ...(signalbox === undefined ? {} : { signalbox }),
      ...(routing === undefined ? {} : { routing }),
    };
    this.#sink.document(this.#headers(headers), Buffer.from(JSON.stringify(document)));
  }

  begin(headers: Readonly<Record<string, string>>): void {
    this.#sink.begin(this.#headers(headers));
  }

  async write(bytes: Buffer): Promise<void> {
    const told = this.#translate(bytes);
    if (told.length > 0) await this.#sink.write(told);
  }

  end(bytes: Buffer): void {
    const told = this.#translate(bytes);
    if (this.#broken !== null) {
      this.#sink.end(Buffer.concat([told, this.#ingress.errorEvent(this.#broken)]));
      return;
    }
    this.#sink.end(Buffer.concat([told, this.#writer?.end() ?? Buffer.alloc(0)]));
  }

  /** What these bytes tell; nothing any more once something broke, which the end tells. */
  #translate(bytes: Buffer): Buffer {
    if (this.#broken !== null) return Buffer.alloc(0);
    try {
      return Buffer.concat(this.#scanner.push(bytes).map((event) => this.#tell(event.data, event.bytes)));
    } catch (thrown) {
      this.#broken = toAppError(thrown);
      return Buffer.alloc(0);
    }
  }

  #tell(data: string | null, bytes: Buffer): Buffer {
    // A comment, which is the same in each dialect.
    if (data === null) return bytes;
    const error = errorOf(data);
    if (error !== null) throw error;
    const chunk = parseObject(data) ?? {};
    const { signalbox, routing } = chunk;
    if (signalbox !== undefined) return this.#ingress.signalboxEvent(signalbox);
    if (routing !== undefined) return this.#ingress.routingEvent(routing as Routing);
    this.#writer ??= clientDialect(this.#ingress.dialect).createStreamWriter(this.#envelope(chunk));
    return this.#writer.write(this.#reader.read(data));
  }

  /** By the id of the completion, so that one that is told again is the same. */
  #envelope(completion: JsonObject): AnswerEnvelope {
    const id = (textOf(completion['id']) ?? '').replace(/^chatcmpl[-_]/, '');
    const created = typeof completion['created'] === 'number' ? completion['created'] : 0;
    return { requestId: `chat_${id}`, model: textOf(this.#request['model']) ?? '', request: this.#request, created };
  }

  #headers(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const earlier = headers['x-signalbox-dropped'];
    const names = [...(earlier === undefined ? [] : [earlier]), ...this.#dropped];
    return names.length === 0 ? headers : { ...headers, 'x-signalbox-dropped': names.join(', ') };
  }
}
