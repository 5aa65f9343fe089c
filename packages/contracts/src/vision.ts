import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { UsdAmount } from './money.ts';

export const ExtractType = z.enum(['structured', 'invoice', 'ocr', 'tables']).meta({ id: 'ExtractType' });
export type ExtractType = z.infer<typeof ExtractType>;

const documentBytesMax = 20 * 1_048_576;

/** A form can only hold text; what stands there as JSON is JSON. */
function fromForm(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

export const VisionRequest = z
  .strictObject({
    document: z
      .string()
      .min(1)
      // Base 64 takes four characters for three bytes.
      .max(Math.ceil(documentBytesMax / 3) * 4 + 100)
      .describe(
        'The image (PNG, JPEG, WebP, GIF) or PDF: a data URI, an https address, or the file part of a form. What it is, is told by its content.',
      ),
    extract_type: ExtractType,
    schema: z
      .preprocess(fromForm, z.record(z.string(), z.unknown()))
      .optional()
      .describe('What `structured` must give, as JSON Schema (2020-12). Needed for `structured`, refused otherwise.'),
    prompt: z.string().min(1).max(10_000).optional().describe('What to look for, besides the form of the answer.'),
    model: z.string().min(1).max(200).optional().describe('Default: the first that can see.'),
    pages_max: z.coerce.number().int().min(1).max(100).optional().describe('Of a PDF; more are refused. Default 20.'),
  })
  .refine(({ extract_type: type, schema }) => (type === 'structured') === (schema !== undefined), {
    path: ['schema'],
    message: 'Expected a schema with `structured`, and none with the other types.',
  })
  .meta({ id: 'VisionRequest' });
export type VisionRequest = z.infer<typeof VisionRequest>;

export const VisionResult = z
  .object({
    extract_type: ExtractType,
    data: z.unknown().describe('What was found, as the schema of the type says.'),
    model: z.string(),
    media_type: z.string(),
    pages: z.int().nullable().describe('Of a PDF.'),
    sha256: z.string().describe('Of the document.'),
    cached: z.boolean().describe('True: the same was asked before, and nothing was spent now.'),
    repaired: z.boolean().describe('True: the first answer did not fit the schema, the second did.'),
    usage: z.object({ prompt_tokens: z.int().nullable(), completion_tokens: z.int().nullable() }),
    cost_usd: UsdAmount.nullable(),
  })
  .meta({ id: 'VisionResult' });
export type VisionResult = z.infer<typeof VisionResult>;

export const analyzeDocument = defineRoute({
  operationId: 'analyzeDocument',
  service: 'chat-router',
  method: 'post',
  path: '/api/v1/vision/analyze',
  tag: 'Vision',
  routeClass: 'chat',
  summary: 'Read an image or a PDF into data',
  description:
    'As JSON, or as `multipart/form-data` with the document as the file part `document`. The answer fits the schema: an ' +
    'answer of the model that does not is given back to it once, and refused with 502 after that.',
  scope: 'chat:write',
  takesForm: true,
  body: VisionRequest,
  bodyBytesMax: 28 * 1_048_576,
  firstByteTimeoutMs: 260_000,
  response: { status: 200, description: 'What was found', schema: VisionResult },
});

export const visionRoutes = [analyzeDocument] as const;
