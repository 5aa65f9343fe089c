import type { ResponseRequest } from '@signalbox/contracts';
import type { AnswerCommand } from '../completions/answer-command.ts';
import type { AnswerSink } from '../completions/answer-sink.ts';
import type { AnswerIngress } from '../completions/mount-ingress.ts';
import { memberOf, objectsOf, parseObject, textOf, type JsonObject } from '../dialects/json.ts';
import { SseScanner } from '../dialects/openai/sse-scanner.ts';
import { spliceRequest } from '../dialects/openai/splice-request.ts';
import type { KeptItems } from './kept-items.ts';

const eventBytesMax = 32 * 1_048_576;
/** OpenAI's own limit is far below. */
const referencesMax = 1_000;

/**
 * Lets requests refer to the items of earlier answers in place of repeating them, as Vercel's client does unless it is told
 * not to. An answer's items are kept before the client hears that it is whole; where they cannot be, a later reference is
 * refused, and nothing else happens.
 */
export function answerWithItems(
  items: KeptItems,
  next: AnswerIngress<ResponseRequest>,
): AnswerIngress<ResponseRequest> {
  return async (command, sink, signal) => {
    const asked = await withReferredItems(items, command);
    if (command.body['store'] === false) {
      await next(asked, sink, signal);
      return;
    }
    const holding = new HoldingSink(sink);
    await next(asked, holding, signal);
    await items.keep(command.principal.tenantId, outputOf(holding.last));
    holding.release();
  };
}

/** What nobody keeps stays a reference: whoever reads the request refuses it by its place. */
async function withReferredItems(
  items: KeptItems,
  command: AnswerCommand<ResponseRequest>,
): Promise<AnswerCommand<ResponseRequest>> {
  const { body, bytes, principal } = command;
  const references = objectsOf(body.input).flatMap((item) => referenceOf(item) ?? []);
  if (references.length === 0 || references.length > referencesMax || !Array.isArray(body.input)) return command;
  const found = new Map<string, JsonObject>();
  await Promise.all(
    [...new Set(references)].map(async (id) => {
      const item = await items.find(principal.tenantId, id);
      if (item !== null) found.set(id, item);
    }),
  );
  const input = body.input.flatMap((item) => {
    const referred = found.get(referenceOf(item) ?? '');
    if (referred === undefined) return [item];
    // Thinking that is not sealed tells a model nothing, and OpenAI's own refuse it.
    return referred['type'] === 'reasoning' && textOf(referred['encrypted_content']) === null ? [] : [referred];
  });
  return { ...command, body: { ...body, input }, bytes: spliceRequest(bytes, { set: { input } }) };
}

function referenceOf(item: JsonObject): string | null {
  return item['type'] === 'item_reference' ? textOf(item['id']) : null;
}

/** Of a document, or of the event that ends a stream. */
function outputOf(last: { document: Buffer } | { end: Buffer } | null): JsonObject[] {
  if (last === null) return [];
  if ('document' in last) return objectsOf(parseObject(last.document.toString())?.['output']);
  const events = new SseScanner(eventBytesMax, 'the answer').push(last.end);
  return events.flatMap(({ data }) => objectsOf(memberOf(parseObject(data ?? '')?.['response'], 'output')));
}

/** Lets everything through but the end, which is held until it is released. */
class HoldingSink implements AnswerSink {
  last: { document: Buffer } | { end: Buffer } | null = null;
  readonly #sink: AnswerSink;
  #release = (): void => undefined;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  get hasBegun(): boolean {
    return this.#sink.hasBegun;
  }

  document(headers: Readonly<Record<string, string>>, body: Buffer): void {
    this.last = { document: body };
    this.#release = () => {
      this.#sink.document(headers, body);
    };
  }

  begin(headers: Readonly<Record<string, string>>): void {
    this.#sink.begin(headers);
  }

  write(bytes: Buffer): Promise<void> {
    return this.#sink.write(bytes);
  }

  end(bytes: Buffer): void {
    this.last = { end: bytes };
    this.#release = () => {
      this.#sink.end(bytes);
    };
  }

  release(): void {
    this.#release();
  }
}
