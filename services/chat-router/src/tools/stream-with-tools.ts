import { ChatCompletion } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { toModelAnswer, type AnswerChat, type ChatCommand } from '../asking/answer-chat.ts';
import type { ModelAnswer } from '../asking/ask.ts';
import { usageOfAll } from '../asking/spending.ts';
import type { AnswerSink } from '../completions/answer-sink.ts';
import { AnswerCollector } from '../dialects/chat-answer.ts';
import type { ChatEvent } from '../dialects/chat-event.ts';
import { errorEvent, errorOf } from '../dialects/openai/event.ts';
import { OpenAiStreamReader } from '../dialects/openai/read-stream.ts';
import { SseScanner } from '../dialects/openai/sse-scanner.ts';
import { writeAnswer } from '../dialects/openai/write-answer.ts';
import type { LoopDeadline } from './loop-deadline.ts';
import { runToolLoop, toolsUsed, type PreparedLoop } from './run-tool-loop.ts';
import { turnOf } from './tool-question.ts';
import { ToolStreamTeller } from './tool-stream-teller.ts';

const eventBytesMax = 4 * 1_048_576;

/**
 * The loop as one stream: what the model says in any of its turns is passed on as it comes, what it calls is told as
 * executed, and only the last turn's finish is the answer's. Before the first turn has begun its answer whatever goes wrong
 * is thrown; from then on it is told within the stream, which then has no `[DONE]`.
 */
export async function streamWithTools(
  next: AnswerChat,
  command: ChatCommand,
  loop: PreparedLoop,
  sink: AnswerSink,
  deadline: Pick<LoopDeadline, 'failureOf'>,
): Promise<void> {
  const { signal, request } = loop;
  using teller = new ToolStreamTeller(sink, command);
  try {
    const result = await runToolLoop({
      ...loop,
      // Each turn tells its usage, whether or not the client wants to hear of the sum.
      request: { ...request, stream_options: { ...request.stream_options, include_usage: true } },
      ask: (asked, turn) => streamTurn(next, turnOf(command, asked, turn), teller, signal),
      async execute(_key, run, { id, function: { name, arguments: text } }) {
        await teller.note({ tool_call_started: { id, name: name.slice(0, 64), arguments: text } });
        const executed = await run();
        const { output: _output, ...record } = executed;
        await teller.note({ tool_call: record });
        return executed;
      },
    });
    await teller.end(usageOfAll(result.answers), toolsUsed(result));
  } catch (thrown) {
    if (!teller.hasBegun) throw deadline.failureOf(thrown);
    sink.end(errorEvent(deadline.failureOf(thrown)));
  }
}

/** Asks for one turn and passes on what the model says, as it says it; resolves with what it said and called. */
async function streamTurn(
  next: AnswerChat,
  question: ChatCommand,
  teller: ToolStreamTeller,
  signal: AbortSignal,
): Promise<ModelAnswer> {
  const scanner = new SseScanner(eventBytesMax, 'the model');
  const reader = new OpenAiStreamReader('the model');
  const collector = new AnswerCollector();
  const seen: { headers: Readonly<Record<string, string>> | null; end: Buffer } = {
    headers: null,
    end: Buffer.alloc(0),
  };
  const tell = async (bytes: Buffer): Promise<void> => {
    const said: ChatEvent[] = [];
    for (const { data, bytes: event } of scanner.push(bytes)) {
      const error = data === null ? null : errorOf(data);
      if (error !== null) throw error;
      // How this turn's model was found is for the client as it is.
      if (data?.includes('"routing":{') === true) await teller.relay(event);
      else said.push(...reader.read(data));
    }
    for (const event of said) collector.add(event);
    await teller.tell(said);
  };
  teller.beginTurn();
  await next(
    question,
    {
      get hasBegun() {
        return seen.headers !== null;
      },
      document() {
        throw new TypeError('a stream was asked for, not a document');
      },
      begin(given) {
        seen.headers = given;
        teller.begin(given);
      },
      write: tell,
      end(bytes) {
        seen.end = bytes;
      },
    },
    signal,
  );
  await tell(seen.end);
  if (!reader.isWhole) throw new AppError('provider_failed', 'The model ended its answer before it was whole.');
  const { requestId, body } = question;
  const envelope = { requestId, model: body.model, request: body, created: 0 };
  const completion = ChatCompletion.parse(writeAnswer(collector.answer(), envelope));
  return toModelAnswer({ headers: seen.headers ?? {}, body: seen.end, completion });
}
