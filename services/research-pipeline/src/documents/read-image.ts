import { analyzeDocument, VisionResult } from '@signalbox/contracts';
import { identityHeader, signIdentity, type IdentityKeys, type Principal } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { z } from 'zod';

export interface ReadImageOptions {
  /** Where chat-router is. */
  url: string;
  identityKeys: IdentityKeys;
  /** The model that can see; null: the first that can. */
  model: string | null;
}

export type ImageReading =
  | { status: 'read'; text: string; model: string; pages: { page: number; start: number; end: number }[] }
  | { status: 'failed'; reason: string };

const readableTypes = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif']);
/** The router takes no larger ones. */
const bytesMax = 20 * 1_048_576;
const timeoutMs = 270_000;

const Pages = z.object({ pages: z.array(z.object({ page: z.int(), text: z.string() })) });
const Problem = z.object({ detail: z.string() });

/** The text on an image, read by a model that sees, in the name of somebody; the router keeps what it read once. */
export async function readImage(
  { url, identityKeys, model }: ReadImageOptions,
  { bytes, contentType, principal }: { bytes: Buffer; contentType: string; principal: Principal },
  signal: AbortSignal,
): Promise<ImageReading> {
  if (!readableTypes.has(contentType)) return failed('No model here reads images of this type.');
  if (bytes.length > bytesMax) return failed('The image is too large for a model to read it.');
  const { path } = analyzeDocument;
  const body = {
    document: `data:${contentType};base64,${bytes.toString('base64')}`,
    extract_type: 'ocr',
    ...(model === null ? {} : { model }),
  };
  let answer: Response;
  let given: unknown;
  try {
    answer = await fetch(new URL(path, url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [identityHeader]: signIdentity(
          identityKeys,
          { audience: 'chat-router', method: 'POST', path },
          { principal, requestId: newId('req') },
        ),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      redirect: 'error',
    });
    given = await answer.json();
  } catch {
    signal.throwIfAborted();
    return failed('The model could not be reached.');
  }
  if (!answer.ok) return failed(Problem.safeParse(given).data?.detail ?? 'The model did not read the image.');
  const result = VisionResult.safeParse(given);
  const read = Pages.safeParse(result.data?.data);
  if (!result.success || !read.success) return failed('The model did not answer in the form that it was asked for.');
  return { status: 'read', model: result.data.model, ...joined(read.data.pages.map((page) => page.text)) };
}

function joined(texts: readonly string[]): Pick<Extract<ImageReading, { status: 'read' }>, 'text' | 'pages'> {
  let text = '';
  const pages = texts.map((raw, index) => {
    const clean = raw.replaceAll('\0', '\ufffd').replaceAll(/\r\n?/g, '\n').toWellFormed().trim();
    if (index > 0) text += '\n\n';
    const start = text.length;
    text += clean;
    return { page: index + 1, start, end: text.length };
  });
  return { text: text.trim() === '' ? '' : text, pages: pages.length > 1 ? pages : [] };
}

function failed(reason: string): ImageReading {
  return { status: 'failed', reason };
}
