import { createHash } from 'node:crypto';
import type { ChatCompletionRequest, VisionRequest, VisionResult } from '@signalbox/contracts';
import { AppError, type FieldError } from '@signalbox/errors';
import type { CallerIdentity } from '@signalbox/identity';
import type { ContentCache } from '@signalbox/redis';
import { textOf, type Ask, type ModelAnswer } from '../asking/ask.ts';
import { sumOf } from '../asking/spending.ts';
import type { CompiledSchema, CompileSchema } from '../json-schema/compile-schema.ts';
import { jsonIn } from '../json-schema/json-in.ts';
import { countPages } from './count-pages.ts';
import { instructionsOf, promptVersion, schemaOf } from './extraction.ts';
import { sniffDocument, type DocumentType } from './sniff-document.ts';

export interface AnalyzeDeps {
  ask: Ask;
  compileSchema: CompileSchema;
  load(document: string, signal: AbortSignal): Promise<Buffer>;
  cache: Pick<ContentCache<'vision_result'>, 'getOrMake'>;
}

type Message = ChatCompletionRequest['messages'][number];
type Kept = Omit<VisionResult, 'cached'>;

const pagesMaxByDefault = 20;
/** Leaves the choice to the router, among the models that can see. */
const anyModel = 'auto';

/**
 * Reads a document into data that fits a schema. An answer that does not fit goes back to the model once, with what is wrong.
 * What was read once is not read again. Throws `unsupported_media_type` for what is no image or PDF, `payload_too_large` for
 * too many pages, `validation_failed` for a schema that is none, and `provider_failed` when even the second answer does not fit.
 */
export async function analyzeDocument(
  deps: AnalyzeDeps,
  caller: CallerIdentity,
  request: VisionRequest,
  signal: AbortSignal,
): Promise<VisionResult> {
  const { extract_type: type, prompt, model = anyModel } = request;
  const schema = schemaOf(type, request.schema);
  const compilation = deps.compileSchema(schema);
  if (compilation.kind === 'refused') throw notValid('schema', compilation.reason);
  const bytes = await deps.load(request.document, signal);
  const mediaType = sniffDocument(bytes);
  if (mediaType === null) {
    throw new AppError('unsupported_media_type', 'The document must be a PNG, JPEG, WebP or GIF image, or a PDF.', {
      fields: [{ path: 'document', message: 'Expected a PNG, JPEG, WebP or GIF image, or a PDF.' }],
    });
  }
  const pages = mediaType === 'application/pdf' ? await pagesOf(bytes, request.pages_max ?? pagesMaxByDefault) : null;
  const sha256 = createHash('sha256').update(bytes).digest('hex');

  const messages: Message[] = [
    { role: 'system', content: instructionsOf(type, schema, prompt) },
    { role: 'user', content: [partOf(mediaType, bytes)] },
  ];
  const read = async () => {
    const answers: ModelAnswer[] = [];
    const ask = async (asked: Message[]): Promise<ModelAnswer> => {
      const answer = await deps.ask({ request: { model, messages: asked } }, caller, { signal });
      answers.push(answer);
      return answer;
    };
    const { data, repaired } = await extract(compilation.schema, messages, ask);
    const spent = sumOf(answers);
    const result: Kept = {
      extract_type: type,
      data,
      model: answers.at(-1)?.model ?? model,
      media_type: mediaType,
      pages,
      sha256,
      repaired,
      usage: { prompt_tokens: spent.promptTokens, completion_tokens: spent.completionTokens },
      cost_usd: spent.costUsd,
    };
    return { result, keep: Buffer.from(JSON.stringify(result)) };
  };
  const input = JSON.stringify([sha256, type, schema, prompt ?? null]);
  const key = { tenantId: caller.principal.tenantId, model, promptVersion, input };
  const found = await deps.cache.getOrMake('vision_result', key, read, signal);
  return 'made' in found
    ? { ...found.made, cached: false }
    : { ...(JSON.parse(found.kept.toString()) as Kept), cached: true };
}

async function extract(
  schema: CompiledSchema,
  messages: Message[],
  ask: (messages: Message[]) => Promise<ModelAnswer>,
): Promise<{ data: unknown; repaired: boolean }> {
  const first = textOf(await ask(messages));
  const reading = readData(schema, first);
  if (reading.errors.length === 0) return { data: reading.data, repaired: false };
  const wrong = reading.errors.map(({ path, message }) => `${path === '' ? 'the whole' : path}: ${message}`).join('; ');
  const second = readData(
    schema,
    textOf(
      await ask([
        ...messages,
        { role: 'assistant', content: first },
        { role: 'user', content: `This does not fit the schema: ${wrong}. Answer again, with the JSON value alone.` },
      ]),
    ),
  );
  if (second.errors.length === 0) return { data: second.data, repaired: true };
  throw new AppError('provider_failed', 'The model’s answers do not fit the schema.', {
    details: { schema_errors: second.errors },
  });
}

function readData(schema: CompiledSchema, text: string): { data: unknown; errors: FieldError[] } {
  const data = jsonIn(text);
  return { data, errors: data === undefined ? [{ path: '', message: 'is no JSON' }] : schema.errorsOf(data) };
}

async function pagesOf(pdf: Buffer, pagesMax: number): Promise<number> {
  const pages = await countPages(pdf);
  if (pages === null) throw notValid('document', 'Expected a PDF that is neither encrypted nor damaged.');
  if (pages <= pagesMax) return pages;
  throw new AppError(
    'payload_too_large',
    `The document has ${String(pages)} pages; at most ${String(pagesMax)} are read.`,
    {
      details: { pages, pages_max: pagesMax },
    },
  );
}

function partOf(mediaType: DocumentType, bytes: Buffer): { type: string } & Record<string, unknown> {
  const url = `data:${mediaType};base64,${bytes.toString('base64')}`;
  return mediaType === 'application/pdf'
    ? { type: 'file', file: { filename: 'document.pdf', file_data: url } }
    : { type: 'image_url', image_url: { url } };
}

function notValid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}
